-- The terms of each assessment's regression on context.
with coefficients as (
    select * from {{ source('programme', 'context_coefficient') }}
),

assessments as (
    select assessment_id, school_year
    from {{ ref('dim_assessment') }}
),

final as (
    select
        coefficients.assessment_id,
        assessments.school_year,
        coefficients.term,
        coefficients.estimate,
        coefficients.se,
        coefficients.robust_se,
        coefficients.p_value,
        coefficients.ci_low,
        coefficients.ci_high,
        coefficients.vif
    from coefficients
    inner join assessments on coefficients.assessment_id = assessments.assessment_id
)

select * from final
