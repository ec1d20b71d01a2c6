{{ config(materialized=by_year()) }}
-- One row per assessment, school, class, sex, form and result: how many tested students. What is known of
-- units on a scale is added up from these counts: with a scale score by form and raw score, with the result.
with results as (
    select * from {{ ref('int_student_result') }}
    where is_tested and {{ is_stale_year() }}
),

years as (
    select * from {{ ref('int_year_input') }}
),

counted as (
    select
        assessment_id,
        school_year,
        school_id,
        municipality_id,
        locality_group,
        {{ class_or_rest('class_name', 'assessment_id', 'school_id') }} as class_name,
        sex,
        form,
        case when scores is not null then raw_score end as raw_score,
        result_score,
        count(*) as n
    from results
    group by
        assessment_id, school_year, school_id, municipality_id, locality_group, class_name, sex, form,
        case when scores is not null then raw_score end, result_score
),

final as (
    select counted.*, years.year_input
    from counted
    inner join years on counted.school_year = years.school_year
)

select * from final
