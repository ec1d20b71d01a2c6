{{ config(severity='warn') }}
-- What: a decision names a rule that is there.
-- When it matters: the decision changes no label.
-- How to fix: write the rule as rule_pack has it, and send the file again.
select overrides.school_code, overrides.rule_id, overrides.school_year, overrides.decided_by
from {{ ref('stg_label_override') }} as overrides
left join {{ ref('rule_pack') }} as packs on overrides.rule_id = packs.rule_id
where packs.rule_id is null
