-- Gaps between subgroups of one unit and assessment, on the assessment's own scale. The error takes the two
-- means for independent, which is cautious where both come from the same schools.
with results as (
    select * from {{ ref('fct_assessment_aggregate') }}
    where mean_scale_score is not null
),

pairs as (
    select 'sex' as dimension, 'sex:f' as subgroup, 'sex:m' as other_subgroup
    union all
    select 'locality', 'locality:urban', 'locality:rural'
),

final as (
    select
        results.unit_type,
        results.unit_id,
        results.assessment_id,
        pairs.dimension,
        pairs.subgroup,
        pairs.other_subgroup,
        results.scale_type,
        results.tested_n,
        compared.tested_n as other_tested_n,
        results.mean_scale_score - compared.mean_scale_score as gap,
        sqrt(results.scale_se * results.scale_se + compared.scale_se * compared.scale_se) as gap_se,
        results.mean_scale_score - compared.mean_scale_score
        - {{ normal_quantile() }}
        * sqrt(results.scale_se * results.scale_se + compared.scale_se * compared.scale_se) as gap_ci_low,
        results.mean_scale_score - compared.mean_scale_score
        + {{ normal_quantile() }}
        * sqrt(results.scale_se * results.scale_se + compared.scale_se * compared.scale_se) as gap_ci_high,
        results.below_min_pct - compared.below_min_pct as below_min_gap_pct
    from results
    inner join pairs on results.subgroup = pairs.subgroup
    inner join results as compared
        on results.unit_type = compared.unit_type and results.unit_id = compared.unit_id
        and results.assessment_id = compared.assessment_id and pairs.other_subgroup = compared.subgroup
)

select * from final
