{{ config(materialized=stored_view()) }}
-- The result of a student that counts; absent students have a row without a result.
-- A view: the rows are stored once, in the step before.
with results as (
    select * from {{ ref('int_student_result') }}
    where is_result
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        results.assessment_id, results.student_key, results.school_id, school_years.k_school,
        results.municipality_id, results.locality_group, results.school_year, results.class_name, results.sex,
        results.form,
        cast(results.student_grade as integer) as student_grade,
        results.attendance, results.exam_date, results.result_status, results.is_tested,
        results.total, results.total_sent, results.total_recomputed, results.score_sent, results.result_score,
        cast(results.mark as integer) as mark,
        cast(results.mark_sent as integer) as mark_sent,
        cast(results.journal_mark as integer) as journal_mark,
        results.below_min, results.raw_score, results.file_id, results.sheet, results.source_row
    from results
    inner join school_years
        on results.school_id = school_years.school_id and results.school_year = school_years.school_year
)

select * from final
