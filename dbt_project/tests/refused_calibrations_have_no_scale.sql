-- What: an assessment whose calibration broke a gate, or was not possible, has no scale and no difficulties.
-- When it matters: always; a number that may be wrong must not be published.
-- How to fix: a fault of the scaling step; dq_scale_finding and fct_calibration_gate say why it was refused.
with refused as (
    select assessment_id
    from {{ ref('fct_assessment_scale') }}
    where status in ('refused', 'classical_only', 'no_items')
),

failed as (
    select assessment_id
    from {{ ref('fct_calibration_gate') }}
    where not passed
),

barred as (
    select assessment_id from refused
    union
    select assessment_id from failed
)

select barred.assessment_id, 'scale' as what
from barred
inner join {{ ref('fct_score_scale') }} as scale on barred.assessment_id = scale.assessment_id
union
select barred.assessment_id, 'difficulty' as what
from barred
inner join {{ ref('fct_item_statistic') }} as items on barred.assessment_id = items.assessment_id
where items.difficulty_logit is not null
