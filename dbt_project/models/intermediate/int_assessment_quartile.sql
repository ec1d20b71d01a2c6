{{ config(materialized=by_year()) }}
-- One row per unit, assessment and subgroup: the quartiles of the students' results, over the schools whose
-- rows of students count.
with results as (
    select * from {{ ref('int_student_result') }}
    where is_tested and result_score is not null and {{ is_stale_year() }}
),

years as (
    select * from {{ ref('int_year_input') }}
),

schools as (
    select assessment_id, school_id
    from {{ ref('int_assessment_unit') }}
    where unit_type = 'school' and subgroup = 'all' and source = 'students'
),

students as (
    select
        results.assessment_id, results.school_year, results.municipality_id, results.locality_group,
        results.school_id, coalesce(results.class_name, {{ rest_class() }}) as class_name, results.sex,
        results.result_score
    from results
    inner join schools
        on results.assessment_id = schools.assessment_id and results.school_id = schools.school_id
),

grouped as (
    select
        {{ unit_columns() }},
        assessment_id,
        school_year,
        {{ quartiles('result_score') }} as quartiles
    from students
    group by grouping sets ({{ unit_sets() }})  -- noqa: PRS
),

final as (
    select
        grouped.assessment_id, grouped.school_year, grouped.unit_type, grouped.unit_id, grouped.subgroup,
        {{ element('quartiles', 1) }} as p25,
        {{ element('quartiles', 2) }} as p50,
        {{ element('quartiles', 3) }} as p75,
        years.year_input
    from grouped
    inner join years on grouped.school_year = years.school_year
    where grouped.unit_id is not null and grouped.subgroup is not null
)

select * from final
