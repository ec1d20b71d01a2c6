-- What: a change of scores over years is shown only where the scale carries one: absolute on linked and
-- equated scales, nominal on official ones.
-- When it matters: always; scores of unlinked years differ by their items as much as by their students.
-- How to fix: link the years by anchor items in the registers, or read the change against the region.
select unit_type, unit_id, kind, subject, grade, end_year, scale_type, change_kind, slope, verdict_basis
from {{ ref('msr_dynamics') }}
where
    (slope is not null and scale_type not in ('irt_linked', 'equated', 'official'))
    or (change_kind = 'absolute' and scale_type not in ('irt_linked', 'equated'))
    or (change_kind = 'nominal' and scale_type <> 'official')
    or (change_kind = 'none' and (slope is not null or verdict_basis in ('absolute', 'nominal')))
