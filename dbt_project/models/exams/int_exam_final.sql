-- The final result of a student for each requirement of the state exams of a level: of the exams that meet it
-- (mathematics at either level, ГВЭ in place of ЕГЭ), each after appeals, reserve days and resits, one at or
-- above the minimum; failing that one whose minimum isn't known, failing that the latest below it.
with attempts as (
    select * from {{ ref('int_exam_attempt') }}
    where is_tested
),

subjects as (
    select * from {{ ref('int_exam_subject') }}
    where assessment_id is not null
),

ranked as (
    select
        attempts.student_key, attempts.school_id, attempts.school_year, subjects.level,
        subjects.requirement, subjects.condition, attempts.assessment_id, attempts.exam_date,
        attempts.attempts_n, attempts.result_score, attempts.mark, attempts.below_min,
        attempts.file_id, attempts.sheet, attempts.source_row,
        row_number() over (
            partition by attempts.student_key, attempts.school_year, subjects.level, subjects.requirement
            order by
                case when not attempts.below_min then 0 when attempts.below_min is null then 1 else 2 end asc,
                attempts.exam_date desc nulls last, attempts.assessment_id asc
        ) as result_rank
    from attempts
    inner join subjects on attempts.assessment_id = subjects.assessment_id
),

final as (
    select
        student_key, school_year, level, requirement, condition, school_id, assessment_id, exam_date,
        attempts_n, result_score, mark,
        not below_min as is_passed,
        file_id, sheet, source_row
    from ranked
    where result_rank = 1
)

select * from final
