-- What became of each file, sheet and contract: how many rows were read, accepted and rejected, the verdict
-- and its reason. A file that was not opened, or not read a second time, has one row without a sheet. A
-- table whose rows were all replaced by a newer file is superseded; faults are errors and warnings, not
-- repairs. Structural rows (totals, signatures, notes, rows joined to another sheet's) are no data and are
-- counted beside those read. A sheet that is left unread on purpose says why itself.
with submissions as (
    select * from {{ ref('stg_submission') }}
),

readings as (
    select
        file_id, sheet, contract,
        {{ distinct_list('layout') }} as layout,
        sum(rows_read) as rows_read,
        sum(rows_accepted) as rows_accepted,
        sum(rows_rejected) as rows_rejected,
        sum(rows_structural) as rows_structural,
        max(case when reading_status = 'rejected' then 1 else 0 end) as rejected_n,
        min(case when reading_status = 'ignored' then 1 else 0 end) as is_ignored,
        min(rule_id) as rule_id,
        min(message_ru) as message_ru,
        min(message_en) as message_en
    from {{ ref('stg_reading') }}
    group by file_id, sheet, contract
),

faults as (
    select
        file_id, sheet, contract,
        sum(case when severity = 'error' then findings_n else 0 end) as errors_n,
        sum(case when severity = 'warning' then findings_n else 0 end) as warnings_n,
        sum(case when severity = 'superseded' then findings_n else 0 end) as superseded_n
    from {{ ref('stg_rule_count') }}
    group by file_id, sheet, contract
),

joined as (
    select
        submissions.submission_id, submissions.file_id, submissions.file_name, submissions.sha256,
        submissions.size_bytes, submissions.received_at, submissions.submission_state,
        submissions.superseded_by,
        readings.sheet, readings.contract, readings.layout,
        readings.file_id is not null as is_read,
        cast(coalesce(readings.rows_read, 0) as bigint) as rows_read,
        cast(coalesce(readings.rows_accepted, 0) as bigint) as rows_accepted,
        cast(coalesce(readings.rows_rejected, 0) as bigint) as rows_rejected,
        cast(coalesce(readings.rows_structural, 0) as bigint) as rows_structural,
        cast(coalesce(faults.errors_n, 0) as bigint) as errors_n,
        cast(coalesce(faults.warnings_n, 0) as bigint) as warnings_n,
        cast(coalesce(faults.superseded_n, 0) as bigint) as superseded_n,
        coalesce(readings.rejected_n, 0) as rejected_n,
        coalesce(readings.is_ignored, 0) as is_ignored,
        case
            when readings.is_ignored = 1 then readings.rule_id
            else coalesce(submissions.rule_id, readings.rule_id)
        end as rule_id,
        case
            when readings.is_ignored = 1 then readings.message_ru
            else coalesce(submissions.message_ru, readings.message_ru)
        end as message_ru,
        case
            when readings.is_ignored = 1 then readings.message_en
            else coalesce(submissions.message_en, readings.message_en)
        end as message_en
    from submissions
    left join readings
        on case when submissions.submission_state in ('active', 'superseded') then submissions.file_id end
        = readings.file_id
    left join faults
        on readings.file_id = faults.file_id and readings.sheet = faults.sheet
        and coalesce(readings.contract, '') = coalesce(faults.contract, '')
),

judged as (
    select
        *,
        rows_rejected - least(superseded_n, rows_rejected) as refused_n,
        case
            when submission_state = 'duplicate' then 'duplicate'
            when submission_state = 'service' or (is_read and is_ignored = 1) then 'ignored'
            when submission_state = 'superseded' then 'superseded'
            when not is_read or rejected_n > 0 then 'rejected'
            when rows_accepted = 0 and errors_n = 0 and superseded_n > 0 then 'superseded'
            when rows_accepted = 0 then 'rejected'
            when errors_n + warnings_n > 0 then 'accepted_with_faults'
            else 'accepted'
        end as verdict
    from joined
),

final as (
    select
        submission_id, file_id, file_name, sha256, size_bytes, received_at, submission_state, superseded_by,
        sheet, contract, layout, rows_read, rows_accepted, rows_rejected, rows_structural,
        errors_n, warnings_n, superseded_n, verdict,
        case
            when rule_id is not null then rule_id
            when verdict = 'rejected' and rows_read = 0 then 'no_rows'
            when verdict = 'rejected' then 'all_rows_rejected'
        end as rule_id,
        case
            when message_ru is not null then message_ru
            when verdict = 'duplicate' then 'Такой же файл уже прислан'
            when verdict = 'superseded' then 'Заменён более новым файлом'
            when verdict = 'rejected' and rows_read = 0 then 'В таблице нет строк с данными'
            when verdict = 'rejected' then 'Отклонены все строки'
            when verdict = 'accepted_with_faults'
                then 'Отклонено строк: ' || cast(refused_n as {{ dbt.type_string() }})
                    || ', замечаний: ' || cast(warnings_n as {{ dbt.type_string() }})
        end as reason,
        case
            when message_en is not null then message_en
            when verdict = 'duplicate' then 'The same file was sent before'
            when verdict = 'superseded' then 'Replaced by a newer file'
            when verdict = 'rejected' and rows_read = 0 then 'The table holds no rows of data'
            when verdict = 'rejected' then 'Every row was rejected'
            when verdict = 'accepted_with_faults'
                then 'Rows rejected: ' || cast(refused_n as {{ dbt.type_string() }})
                    || ', remarks: ' || cast(warnings_n as {{ dbt.type_string() }})
        end as reason_en
    from judged
)

select * from final
