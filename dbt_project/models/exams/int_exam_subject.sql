-- What counts at the state exams of a year, by the seed: the assessments of each requirement. A requirement
-- whose exam has no results at all has one row without an assessment.
with years as (
    select distinct school_year from {{ ref('int_school_year') }}
),

rules as (
    select
        years.school_year, rules.level, rules.kind, rules.subject, rules.requirement, rules.condition,
        case when rules.region = '{{ var("region_code") }}' then 1 else 0 end as is_own
    from {{ ref('exam_subject') }} as rules
    inner join years on years.school_year between rules.from_year and rules.to_year
    where coalesce(rules.region, '') in ('', '{{ var("region_code") }}')
),

-- a region's own rows of a level and year stand in for the common ones
counting as (
    select
        *,
        max(is_own) over (partition by level, school_year) as has_own
    from rules
),

assessments as (
    select assessment_id, kind, subject, grade, school_year from {{ ref('int_assessment') }}
),

final as (
    select
        counting.school_year, counting.level, counting.condition, counting.kind,
        case
            when counting.requirement = '*' then coalesce(assessments.subject, '*')
            else counting.requirement
        end as requirement,
        assessments.subject,
        assessments.assessment_id
    from counting
    left join assessments
        on counting.kind = assessments.kind and counting.level = assessments.grade
        and counting.school_year = assessments.school_year
        and (counting.subject = '*' or counting.subject = assessments.subject)
    where counting.is_own = counting.has_own
)

select * from final
