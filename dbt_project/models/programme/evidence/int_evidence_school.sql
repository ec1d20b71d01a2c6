{{ config(materialized='table') }}
-- The row that makes a school one of the region's schools: its latest row of the register in force for the
-- school year; for a school that the register lacks, the first row of a file that names it. A table, because
-- it looks through every file.
{% set contracts = {
    'student_results': 'student_result', 'school_results': 'school_result', 'context_form': 'context_form',
    'social_passport': 'social_passport', 'staffing': 'staffing', 'school_marks': 'school_mark',
    'access_conditions': 'access_condition', 'appeals': 'appeal', 'communities': 'community',
    'events': 'event', 'partnerships': 'partnership', 'programme_documents': 'programme_document',
    'programme_membership': 'programme_membership', 'risk_profile': 'risk_profile', 'staff': 'staff',
    'support_activities': 'support_activity', 'teacher_deficits': 'teacher_deficit', 'training': 'training',
    'label_overrides': 'label_override',
} %}
with school_years as (
    select * from {{ ref('int_school_year') }}
),

versions as (
    select k_school, valid_from from {{ ref('int_school') }}
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
    where is_placeholder
),

registered as (
    select
        school_years.school_id, school_years.school_year, 'school_register' as contract,
        register.file_id, register.sheet, register.source_row,
        case when register.valid_from = versions.valid_from then 0 else 1 end as preference
    from school_years
    inner join versions on school_years.k_school = versions.k_school
    inner join {{ ref('stg_school_register') }} as register
        on school_years.school_id = register.school_id
        and coalesce(versions.valid_from = register.valid_from, true)
),

named as (
    {% for contract, source in contracts.items() %}
    select
        crosswalk.school_id, '{{ contract }}' as contract, sent.file_id, sent.sheet, sent.source_row
    from {{ ref('stg_' ~ source) }} as sent
    inner join crosswalk
        on sent.school_key = crosswalk.school_key and sent.school_code = crosswalk.school_code
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        *,
        {{ is_first_row('school_id, school_year', 'preference') }} as is_carrier
    from registered
),

named_ranked as (
    select
        *,
        {{ is_first_row('school_id', 'contract') }} as is_carrier
    from named
),

final as (
    select school_id, school_year, false as is_placeholder, contract, file_id, sheet, source_row
    from ranked
    where is_carrier
    union all
    select
        school_years.school_id, school_years.school_year, true, named_ranked.contract, named_ranked.file_id,
        named_ranked.sheet, named_ranked.source_row
    from named_ranked
    inner join school_years on named_ranked.school_id = school_years.school_id
    where named_ranked.is_carrier
)

select * from final
