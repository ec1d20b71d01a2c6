-- What: where an assessment has a scale of marks, the marks 2–5 of a unit add up to its students tested.
-- When it matters: shares of marks and «below the minimum» would be of another number than is shown.
-- How to fix: students without a total, or a scale with a gap; look at the register of the assessment printed.
select aggregate.unit_type, aggregate.unit_id, aggregate.assessment_id, aggregate.subgroup, aggregate.tested_n
from {{ ref('fct_assessment_aggregate') }} as aggregate
inner join {{ ref('dim_assessment') }} as assessment on aggregate.assessment_id = assessment.assessment_id
where
    assessment.has_mark_scale
    and aggregate.source = 'students'
    and aggregate.tested_n > 0
    and coalesce(aggregate.mark_2_n + aggregate.mark_3_n + aggregate.mark_4_n + aggregate.mark_5_n, 0)
    <> aggregate.tested_n
