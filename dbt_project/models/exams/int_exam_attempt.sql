{{ config(materialized='view') }}
-- Every row of a student at a state exam in the order of its days: what was sent, what an appeal made of it,
-- and whether it is the one that counts. A view: the rows are stored once.
with results as (
    select * from {{ ref('int_student_result') }}
),

assessments as (
    select assessment_id, kind, subject, grade
    from {{ ref('int_assessment') }}
    where scale_type = 'official'
),

appeals as (
    select * from {{ ref('int_exam_appeal') }}
),

final as (
    select
        results.student_key, results.assessment_id, assessments.kind, assessments.subject,
        cast(assessments.grade as integer) as level,
        results.school_year, results.school_id,
        row_number() over (
            partition by results.assessment_id, results.student_key
            order by results.exam_date nulls last, results.file_id, results.sheet, results.source_row
        ) as attempt_no,
        count(*) over (partition by results.assessment_id, results.student_key) as attempts_n,
        results.exam_date, results.attendance, results.result_status,
        coalesce(results.total_recomputed, results.total_sent) as total_before,
        results.score_sent as score_before,
        results.mark_sent as mark_before,
        appeals.effect as appeal_effect, appeals.appeal_type,
        results.total, results.result_score, results.mark, results.below_min,
        results.is_result, results.is_tested,
        results.file_id, results.sheet, results.source_row,
        appeals.appeal_file_id, appeals.appeal_sheet, appeals.appeal_row
    from results
    inner join assessments on results.assessment_id = assessments.assessment_id
    left join appeals
        on results.file_id = appeals.file_id and results.sheet = appeals.sheet
        and results.source_row = appeals.source_row
)

select * from final
