-- The region's results of an assessment: mean, variance over students (n - 1) and pooled variance within
-- schools. What a school's standing in standard deviations is taken from; no row where results do not vary.
with units as (
    select * from {{ ref('int_assessment_unit') }}
    where subgroup = 'all' and scored_n > 0 and score_square_sum is not null
),

within_schools as (
    select
        assessment_id,
        {{ exact_sum('score_square_sum - score_sum * score_sum / scored_n') }} / nullif(sum(scored_n - 1), 0)
            as within_variance
    from units
    where unit_type = 'school'
    group by assessment_id
),

region as (
    select
        assessment_id,
        score_sum / scored_n as mean_score,
        (score_square_sum - score_sum * score_sum / scored_n) / (scored_n - 1) as score_variance
    from units
    where unit_type = 'region' and scored_n > 1
),

final as (
    select region.assessment_id, region.mean_score, region.score_variance, within_schools.within_variance
    from region
    left join within_schools on region.assessment_id = within_schools.assessment_id
    where region.score_variance > {{ least_variance() }}
)

select * from final
