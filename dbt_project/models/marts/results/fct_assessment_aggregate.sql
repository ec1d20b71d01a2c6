-- Results of units, with their place on the scale, which comes from the scaling step: a class's or school's
-- mean is that of its students, the mean, sd and level shares of a municipality and of the region are those
-- of its latent distribution.
with results as (
    select * from {{ ref('int_unit_result') }}
),

scales as (
    select * from {{ source('scales', 'assessment') }}
),

assessments as (
    select assessment_id, scale_type from {{ ref('int_assessment') }}
),

scaled_units as (
    select * from {{ source('scales', 'unit') }}
),

final as (
    select
        results.unit_type,
        results.unit_id,
        results.assessment_id,
        results.subgroup,
        results.school_year,
        results.school_id,
        results.municipality_id,
        results.source,
        results.schools_n,
        results.tested_n,
        results.absent_n,
        100e0 * results.tested_n / nullif(results.tested_n + results.absent_n, 0) as participation_pct,
        coalesce(scales.scale_type, assessments.scale_type, 'relative') as scale_type,
        results.mean_score,
        scaled_units.mean_scale_score,
        scaled_units.scale_se,
        scaled_units.scale_ci_low,
        scaled_units.scale_ci_high,
        scaled_units.scale_sd,
        scaled_units.z_score,
        scaled_units.t_score,
        scaled_units.percentile,
        {% for mark in [2, 3, 4, 5] %}
        scaled_units.level_{{ mark }}_share,
        {% endfor %}
        results.sd,
        results.se,
        results.mean_score - {{ normal_quantile() }} * results.se as ci_low,
        results.mean_score + {{ normal_quantile() }} * results.se as ci_high,
        results.p25,
        results.p50,
        results.p75,
        results.judged_n,
        results.below_min_n,
        100e0 * results.below_min_n / results.judged_n as below_min_pct,
        100 * {{ wilson_low('results.below_min_n', 'results.judged_n') }} as below_min_ci_low,
        100 * {{ wilson_high('results.below_min_n', 'results.judged_n') }} as below_min_ci_high,
        {% for mark in [2, 3, 4, 5] %}
        results.mark_{{ mark }}_n,
        {% endfor %}
        scaled_units.shrunken_mean,
        scaled_units.shrunken_ci_low,
        scaled_units.shrunken_ci_high,
        scaled_units.reliability,
        case
            when results.tested_n = 0 then 'O'
            when results.mean_score is null then 'L'
            else 'A'
        end as obs_status,
        case
            when results.tested_n = 0 then 'O'
            when results.judged_n is null then 'L'
            else 'A'
        end as below_min_obs_status,
        case
            when results.tested_n = 0 then 'O'
            when scaled_units.mean_scale_score is null then 'L'
            when scales.status = 'provisional' and scales.scale_type like 'irt%' then 'P'
            else 'A'
        end as scale_obs_status
    from results
    inner join assessments on results.assessment_id = assessments.assessment_id
    left join scales on results.assessment_id = scales.assessment_id
    left join scaled_units
        on results.assessment_id = scaled_units.assessment_id
        and results.unit_type = scaled_units.unit_type
        and results.unit_id = scaled_units.unit_id and results.subgroup = scaled_units.subgroup
)

select * from final
