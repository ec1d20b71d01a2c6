-- One row per row of student results that an appeal or a recheck changed: its values after the last of them.
-- What a state of an appeal does to a result is a seed; a result that is neither annulled nor left as it was
-- has the values that the appeal's file calls current. The row is that of the exam's date; where the appeal
-- gives no date, the one whose values are those before the change, failing that the student's latest.
with appeals as (
    select
        *,
        lower(coalesce(appeal_type, '')) as type_text,
        lower(coalesce(appeal_state, '')) as state_text
    from {{ ref('stg_appeal') }}
),

effects as (
    select * from {{ ref('exam_appeal_effect') }}
),

results as (
    select
        file_id, sheet, source_row, assessment_id, student_key, exam_date, score_sent,
        coalesce(total_recomputed, total_sent) as total
    from {{ ref('stg_student_result') }}
),

decided as (
    select
        appeals.*,
        effects.effect,
        row_number() over (
            partition by appeals.file_id, appeals.sheet, appeals.source_row
            order by effects.priority
        ) as effect_rank
    from appeals
    inner join effects
        on appeals.type_text like effects.appeal_type_like
        and appeals.state_text like effects.appeal_state_like
),

changes as (
    select * from decided
    where
        effect_rank = 1
        and (effect = 'annulled' or (effect = 'rescored' and coalesce(total, score) is not null))
),

matched as (
    select
        results.file_id, results.sheet, results.source_row,
        changes.effect, changes.total, changes.score, changes.total_before, changes.score_before,
        changes.appeal_type, changes.appeal_state,
        changes.file_id as appeal_file_id, changes.sheet as appeal_sheet, changes.source_row as appeal_row,
        row_number() over (
            partition by changes.file_id, changes.sheet, changes.source_row
            order by
                case when results.exam_date = changes.exam_date then 0 else 1 end asc,
                case
                    when results.total = changes.total_before or results.score_sent = changes.score_before
                        then 0
                    else 1
                end asc,
                results.exam_date desc nulls last, results.file_id asc, results.sheet asc,
                results.source_row asc
        ) as match_rank
    from changes
    inner join results
        on changes.assessment_id = results.assessment_id and changes.student_key = results.student_key
),

going_on as (
    select distinct file_id, sheet, source_row, total_before
    from matched
    where match_rank = 1 and total <> total_before
),

-- of several the last: an annulment, then the one from which no other goes on
ordered as (
    select
        matched.*,
        row_number() over (
            partition by matched.file_id, matched.sheet, matched.source_row
            order by
                case when matched.effect = 'annulled' then 0 else 1 end asc,
                case when going_on.file_id is null then 0 else 1 end asc,
                matched.appeal_file_id desc, matched.appeal_sheet desc, matched.appeal_row desc
        ) as change_rank
    from matched
    left join going_on
        on matched.file_id = going_on.file_id and matched.sheet = going_on.sheet
        and matched.source_row = going_on.source_row and matched.total = going_on.total_before
    where matched.match_rank = 1
),

final as (
    select
        file_id, sheet, source_row, effect, appeal_type, appeal_state, total, score,
        -- of exams that end in a mark, the score of an appeal's file is that mark
        case when score in (2, 3, 4, 5) and total is not null then cast(score as integer) end as mark,
        appeal_file_id, appeal_sheet, appeal_row
    from ordered
    where change_rank = 1
)

select * from final
