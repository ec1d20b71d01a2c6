-- Signs that results call for further analysis. A sign proves nothing and excludes nobody by itself.
with signs as (
    select * from {{ source('scales', 'objectivity') }}
),

assessments as (
    select assessment_id, school_year
    from {{ ref('dim_assessment') }}
),

final as (
    select
        signs.school_id,
        signs.assessment_id,
        assessments.school_year,
        signs.sign,
        signs.n,
        signs.statistic,
        signs.threshold,
        signs.flagged,
        signs.status,
        signs.basis,
        signs.is_official
    from signs
    inner join assessments on signs.assessment_id = assessments.assessment_id
)

select * from final
