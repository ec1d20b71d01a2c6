{# The findings of one severity, with the names of the files they are about. #}
{% macro findings_of(severity) -%}
with findings as (
    select * from {{ ref('stg_finding') }}
    where severity = '{{ severity }}'
),

submissions as (
    select * from {{ ref('stg_submission') }}
    where submission_state in ('active', 'superseded')
),

final as (
    select
        findings.file_id,
        submissions.file_name,
        findings.sheet,
        findings.source_row as {{ adapter.quote('row') }},
        findings.contract,
        findings.school_year,
        coalesce(findings.column_title, findings.field_name) as {{ adapter.quote('column') }},
        findings.field_name,
        findings.item_number,
        findings.value,
        findings.rule_id,
        findings.severity,
        findings.message_ru,
        findings.message_en
    from findings
    inner join submissions on findings.file_id = submissions.file_id
)

select * from final
{%- endmacro %}
