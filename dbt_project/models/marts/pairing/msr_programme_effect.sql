-- How supported schools changed against matched unsupported ones, regression to the mean beside it.
with effects as (
    select * from {{ source('programme', 'effect') }}
),

parameters as (
    select max(case when parameter = 'effect_sure_schools' then value end) as sure_n
    from {{ ref('context_parameter') }}
),

judged as (
    select effects.*, parameters.sure_n
    from effects
    cross join parameters
),

final as (
    select
        cohort,
        subject,
        cast(baseline_year as integer) as baseline_year,
        cast(end_year as integer) as end_year,
        method,
        supported_n,
        matched_n,
        controls_n,
        unsupported_n,
        baseline_supported,
        baseline_controls,
        naive_change,
        naive_ci_low,
        naive_ci_high,
        regression_to_mean,
        controls_change,
        effect,
        effect_se,
        ci_low,
        ci_high,
        p_value,
        largest_imbalance,
        case
            when effect is null then 'too_few'
            when ci_low > 0 then 'positive'
            when ci_high < 0 then 'negative'
            else 'not_shown'
        end as verdict,
        case
            when method = 'none' then 'L'
            when method = 'regression' or matched_n < sure_n then 'U'
            else 'A'
        end as obs_status
    from judged
)

select * from final
