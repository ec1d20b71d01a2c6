-- Rows behind the confirmation of monitoring. progress: a student counts once, with the final diagnostic; the
-- input one stands beside. agreement: a student of the exam counts with the part of the students of that mark
-- that the diagnostic has too; the diagnostic's rows stand beside. study_…: a row's part in the difference of
-- both standings, each over the school's students of the smaller study.
with studies as (
    select * from {{ ref('programme_indicator_study') }}
),

studied as (
    select kind, subject, grade from studies
    union
    select other_kind, other_subject, other_grade from studies
),

assessments as (
    select assessments.assessment_id, assessments.kind, assessments.subject, assessments.grade
    from {{ ref('int_assessment') }} as assessments
    inner join studied
        on assessments.kind = studied.kind and assessments.subject = studied.subject
        and assessments.grade = studied.grade
    where coalesce(assessments.testing_window, 'final') = 'final'
),

level_pairs as (
    select * from {{ ref('int_level_pair') }}
),

scores as (
    select scores.*, assessments.kind, assessments.subject, assessments.grade
    from {{ ref('int_evidence_score') }} as scores
    inner join assessments on scores.assessment_id = assessments.assessment_id
    where scores.z_sum is not null
),

counts as (
    select
        assessment_id, school_id, school_year, kind, subject, grade,
        sum(scored_n) as scored_n,
        count(mark) as marked_n
    from scores
    group by assessment_id, school_id, school_year, kind, subject, grade
),

paired as (
    select
        studies.measure_id, one.school_id, one.school_year,
        one.assessment_id, other.assessment_id as other_assessment_id,
        one.scored_n, other.scored_n as other_scored_n,
        one.marked_n, other.marked_n as other_marked_n,
        least(one.scored_n, other.scored_n) as students_n
    from studies
    inner join counts as one
        on studies.kind = one.kind and studies.subject = one.subject and studies.grade = one.grade
    inner join counts as other
        on studies.other_kind = other.kind and studies.other_subject = other.subject
        and studies.other_grade = other.grade
        and one.school_id = other.school_id and one.school_year = other.school_year
    where one.scored_n > 0 and other.scored_n > 0
),

differences as (
    select
        paired.measure_id, scores.*,
        1e0 * paired.students_n / paired.scored_n * scores.z_sum as part,
        case when paired.scored_n <= paired.other_scored_n then scores.scored_n else 0 end as counted_n
    from paired
    inner join scores
        on paired.school_id = scores.school_id and paired.assessment_id = scores.assessment_id
    union all
    select
        paired.measure_id, scores.*,
        -1e0 * paired.students_n / paired.other_scored_n * scores.z_sum,
        case when paired.scored_n > paired.other_scored_n then scores.scored_n else 0 end
    from paired
    inner join scores
        on paired.school_id = scores.school_id and paired.other_assessment_id = scores.assessment_id
),

of_marks as (
    select school_id, assessment_id, mark, count(*) as mark_n
    from scores
    where mark is not null
    group by school_id, assessment_id, mark
),

agreeing as (
    select * from paired
    where measure_id = 'study_regional_exam' and marked_n > 0 and other_marked_n > 0
),

exam_rows as (
    select
        scores.*,
        least(
            1.0, 1e0 * coalesce(of_diagnostic.mark_n, 0) / agreeing.marked_n
            * agreeing.other_marked_n / of_exam.mark_n
        ) as part
    from agreeing
    inner join scores
        on agreeing.school_id = scores.school_id and agreeing.other_assessment_id = scores.assessment_id
    inner join of_marks as of_exam
        on scores.school_id = of_exam.school_id and scores.assessment_id = of_exam.assessment_id
        and scores.mark = of_exam.mark
    left join of_marks as of_diagnostic
        on agreeing.school_id = of_diagnostic.school_id
        and agreeing.assessment_id = of_diagnostic.assessment_id and scores.mark = of_diagnostic.mark
),

diagnostic_rows as (
    select scores.*
    from agreeing
    inner join scores
        on agreeing.school_id = scores.school_id and agreeing.assessment_id = scores.assessment_id
    where scores.mark is not null
),

final as (
    {{ evidence('level_pairs', 'monitoring_progress', 'student_results',
        'case when is_held then 1 else 0 end', '1', assessment_id='assessment_id') }}
    union all
    select
        'monitoring_progress', school_id, school_year, 'year', input_assessment_id, 'student_results',
        input_file_id, input_sheet, input_row, 0, 0
    from level_pairs
    union all
    {{ evidence('exam_rows', 'monitoring_agreement', 'student_results', 'part', '1',
        assessment_id='assessment_id') }}
    union all
    {{ evidence('diagnostic_rows', 'monitoring_agreement', 'student_results', '0',
        assessment_id='assessment_id') }}
    union all
    select
        measure_id, school_id, school_year, 'year', assessment_id, contract, file_id, sheet, source_row,
        cast(part as double), cast(counted_n as double)
    from differences
)

select * from final
