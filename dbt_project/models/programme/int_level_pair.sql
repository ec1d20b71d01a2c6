{{ config(materialized='view') }}
-- Levels of one student at the input and at the final diagnostic of a year, subject and grade. A student who
-- moved belongs to the school of the final diagnostic.
with assessments as (
    select * from {{ ref('int_assessment') }}
),

levels as (
    select
        results.student_key, results.school_id, results.school_year, results.mark, results.assessment_id,
        results.file_id, results.sheet, results.source_row,
        assessments.kind, assessments.subject, assessments.grade, assessments.testing_window
    from {{ ref('int_student_result') }} as results
    inner join assessments on results.assessment_id = assessments.assessment_id
    where results.is_tested and results.mark is not null and assessments.testing_window in ('input', 'final')
),

final as (
    select
        final_level.school_id, final_level.school_year,
        final_level.mark >= input_level.mark as is_held,
        final_level.assessment_id, final_level.file_id, final_level.sheet, final_level.source_row,
        input_level.assessment_id as input_assessment_id, input_level.file_id as input_file_id,
        input_level.sheet as input_sheet, input_level.source_row as input_row
    from levels as final_level
    inner join levels as input_level
        on final_level.student_key = input_level.student_key
        and final_level.school_year = input_level.school_year
        and final_level.kind = input_level.kind and final_level.subject = input_level.subject
        and final_level.grade = input_level.grade
        and final_level.testing_window = 'final' and input_level.testing_window = 'input'
)

select * from final
