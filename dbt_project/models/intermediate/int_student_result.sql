{{ config(materialized=by_year()) }}
-- One row per accepted row of student results; is_result marks the one row of a student that counts.
-- total: recomputed from the items where it can be, else as sent.
-- result_score: what the rule of the assessment looks at, the test score or the total.
-- mark: by the scale where there is one, else as sent; for official exams the other way round, because their
-- marks may rest on a further condition (the least points in geometry).
-- below_min: mark «2», or the result under the minimum, as the rule says; null where neither is known.
-- An appeal's values stand in the place of those it changed; the items stay as they were marked.
-- Of several rows of a student (resits, reserve days) the one that counts is: a valid result before one that
-- isn't (annulled, replaced, removed, unfinished, pending), presence before absence, at a state exam the
-- minimum reached before not reached (only who failed sits again), then the latest date.
with results as (
    select * from {{ ref('stg_student_result') }}
    where {{ is_stale_year() }}
),

-- few students have several rows: only theirs are ranked. Two columns read anew cost less than all kept.
repeated as (
    select assessment_id, student_key
    from {{ ref('stg_student_result') }}
    where {{ is_stale_year() }}
    group by assessment_id, student_key
    having count(*) > 1
),

years as (
    select * from {{ ref('int_year_input') }}
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

assessments as (
    select * from {{ ref('int_assessment') }}
),

appeals as (
    select * from {{ ref('int_exam_appeal') }}
),

identified as (
    select
        results.*,
        crosswalk.school_id,
        school_years.municipality_id,
        school_years.locality_group,
        case when appeals.effect = 'annulled' then 'annulled' else results.result_status end as final_status,
        coalesce(appeals.total, results.total_recomputed, results.total_sent) as total,
        coalesce(appeals.score, results.score_sent) as score,
        case when appeals.effect = 'rescored' then appeals.mark else results.mark_sent end as mark_given,
        assessments.scale_type, assessments.result_basis, assessments.below_min_basis,
        assessments.mark_basis, assessments.min_score,
        assessments.mark_3_from, assessments.mark_4_from, assessments.mark_5_from,
        years.year_input
    from results
    inner join years on results.school_year = years.school_year
    inner join assessments on results.assessment_id = assessments.assessment_id
    inner join crosswalk
        on results.school_key = crosswalk.school_key and results.school_code = crosswalk.school_code
    inner join school_years
        on crosswalk.school_id = school_years.school_id and results.school_year = school_years.school_year
    left join appeals
        on results.file_id = appeals.file_id and results.sheet = appeals.sheet
        and results.source_row = appeals.source_row
),

marked as (
    select
        *,
        coalesce(final_status, 'valid') = 'valid' as is_valid,
        case when result_basis = 'score' then score else total end as result_score,
        coalesce(
            case when mark_basis = 'sent' then mark_given end,
            {{ mark_from_scale('total', 'mark_3_from', 'mark_4_from', 'mark_5_from') }},
            mark_sent
        ) as mark
    from identified
),

judged as (
    select
        *,
        case
            when below_min_basis = 'mark' then coalesce(mark = 2, result_score < min_score)
            when mark_basis = 'sent' and mark_given = 2 then true
            else coalesce(result_score < min_score, mark = 2)
        end as below_min,
        attendance = 'present' and is_valid and (result_score is not null or mark is not null) as has_result
    from marked
),

ranked as (
    select judged.*, 1 as attempt_rank
    from judged
    left join repeated
        on judged.assessment_id = repeated.assessment_id and judged.student_key = repeated.student_key
    where repeated.student_key is null
    union all
    select
        judged.*,
        row_number() over (
            partition by judged.assessment_id, judged.student_key
            order by
                case when judged.is_valid then 0 else 1 end asc,
                case when judged.attendance = 'present' then 0 else 1 end asc,
                case when judged.scale_type = 'official' and judged.below_min then 1 else 0 end asc,
                judged.exam_date desc nulls last, judged.file_id asc, judged.sheet asc, judged.source_row asc
        ) as attempt_rank
    from judged
    inner join repeated
        on judged.assessment_id = repeated.assessment_id and judged.student_key = repeated.student_key
),

final as (
    select
        file_id, sheet, source_row, assessment_id, school_year, school_id, municipality_id,
        locality_group, class_name, student_key, student_grade, sex, coalesce(form, '-') as form, attendance,
        exam_date, final_status as result_status, journal_mark, total_sent, total_recomputed, total,
        score_sent, mark_sent,
        result_score, mark, below_min, scores,
        -- the matching score of item analysis is always the sum of the points
        cast(coalesce(total_recomputed, {{ points('scores') }}) as integer) as raw_score,
        attempt_rank = 1 as is_result,
        attempt_rank = 1 and has_result as is_tested,
        attempt_rank = 1 and attendance = 'absent' as is_absent,
        year_input
    from ranked
)

select * from final
