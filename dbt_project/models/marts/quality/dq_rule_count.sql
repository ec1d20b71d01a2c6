-- How often each rule was broken or each repair made, by file, sheet and contract.
with counts as (
    select file_id, sheet, contract, rule_id, severity, sum(findings_n) as findings_n
    from {{ ref('stg_rule_count') }}
    group by file_id, sheet, contract, rule_id, severity
),

submissions as (
    select * from {{ ref('stg_submission') }}
    where submission_state in ('active', 'superseded', 'service')
),

final as (
    select
        counts.file_id, submissions.file_name, counts.sheet, counts.contract, counts.rule_id, counts.severity,
        cast(counts.findings_n as bigint) as n
    from counts
    inner join submissions on counts.file_id = submissions.file_id
)

select * from final
