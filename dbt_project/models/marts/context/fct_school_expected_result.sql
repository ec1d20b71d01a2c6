-- A school's result beside the one that schools in such conditions have.
with expected as (
    select * from {{ source('programme', 'expected_result') }}
),

models as (
    select * from {{ ref('fct_context_model') }}
),

results as (
    select * from {{ ref('int_context_result') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        expected.school_id,
        school_years.k_school,
        expected.assessment_id,
        models.school_year,
        results.scored_n,
        expected.observed,
        expected.expected,
        expected.residual,
        expected.residual_se,
        expected.se_basis,
        expected.ci_low,
        expected.ci_high,
        case
            when expected.ci_low > 0 then 'above'
            when expected.ci_high < 0 then 'below'
            else 'as_expected'
        end as verdict,
        expected.leverage,
        expected.cook,
        models.r_squared,
        models.obs_status
    from expected
    inner join models on expected.assessment_id = models.assessment_id
    inner join results
        on expected.school_id = results.school_id and expected.assessment_id = results.assessment_id
    inner join school_years
        on expected.school_id = school_years.school_id and models.school_year = school_years.school_year
)

select * from final
