{{ config(severity='warn') }}
-- What: the number of students printed in a control table is ours.
-- When it matters: before publishing; students are missing from the files, or the table was printed of
-- other data.
-- How to fix: compare with dq_submission (rejected rows, schools that sent nothing); dq_control_total has
-- all measures.
select assessment_id, unit_type, unit_name, printed, ours
from {{ ref('dq_control_total') }}
where measure = 'tested_n' and not agrees
