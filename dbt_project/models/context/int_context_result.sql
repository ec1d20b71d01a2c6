-- One row per school and assessment that has a result on the assessment's scale: what context is set against.
with results as (
    select * from {{ ref('fct_assessment_aggregate') }}
),

assessments as (
    select * from {{ ref('dim_assessment') }}
),

variances as (
    select * from {{ source('scales', 'variance') }}
),

final as (
    select
        results.school_id,
        results.assessment_id,
        results.school_year,
        assessments.kind,
        assessments.subject,
        assessments.grade,
        results.tested_n as scored_n,
        results.mean_scale_score,
        results.scale_se,
        results.reliability,
        sqrt(variances.tau2 + variances.sigma2) as student_sd
    from results
    inner join assessments on results.assessment_id = assessments.assessment_id
    left join variances on results.assessment_id = variances.assessment_id
    where
        results.unit_type = 'school'
        and results.subgroup = 'all'
        and results.mean_scale_score is not null
)

select * from final
