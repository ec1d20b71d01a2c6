-- Every code by which a file names a school: one row per contract, school year, kind of code, code,
-- municipality and name as sent.
{% set sources = {
    'student_result': ['null', 'municipality_sent'],
    'school_result': ['school_name_sent', 'municipality_sent'],
    'context_form': ['school_name_sent', 'null'],
    'social_passport': [], 'staffing': [], 'school_mark': [], 'access_condition': [], 'appeal': [],
    'community': [], 'event': [], 'partnership': [], 'programme_document': [], 'programme_membership': [],
    'risk_profile': [], 'staff': [], 'support_activity': [], 'teacher_deficit': [], 'training': [],
    'label_override': [],
} %}
with sightings as (
    {% for source, sent in sources.items() %}
    select
        '{{ source }}' as contract,
        school_year,
        school_key,
        school_code,
        cast({{ sent[0] or 'null' }} as {{ dbt.type_string() }}) as school_name_sent,
        cast({{ sent[1] or 'null' }} as {{ dbt.type_string() }}) as municipality_sent,
        count(*) as rows_n
    from {{ ref('stg_' ~ source) }}
    where school_code is not null
    group by 1, 2, 3, 4, 5, 6
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from sightings
