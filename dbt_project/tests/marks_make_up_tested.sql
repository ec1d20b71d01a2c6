-- What: where an assessment has a scale of marks, the marks 2–5 of a unit add up to its students tested.
-- When it matters: shares of marks and «below the minimum» would be of another number than is shown.
-- How to fix: students without a total, or a scale with a gap; look at the register of the assessment
-- printed.
select results.unit_type, results.unit_id, results.assessment_id, results.subgroup, results.tested_n
from {{ ref('fct_assessment_aggregate') }} as results
inner join {{ ref('dim_assessment') }} as assessment on results.assessment_id = assessment.assessment_id
where
    assessment.has_mark_scale
    and results.source = 'students'
    and results.tested_n > 0
    and coalesce(results.mark_2_n + results.mark_3_n + results.mark_4_n + results.mark_5_n, 0)
    <> results.tested_n
