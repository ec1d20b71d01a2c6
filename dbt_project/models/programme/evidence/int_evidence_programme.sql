-- Rows behind how the programme is carried out. A school counts with its row of the register; an event, a
-- document and a school's being analysed count once, with the first row that tells of them. Of results, one
-- row of each sheet stands for the sheet.
with events as (
    {{ school_rows('stg_event') }}
),

planned as (
    select
        *,
        {{ is_first_row('school_id, school_year, programme, event_id',
            'case when held_on is null then 1 else 0 end') }} as is_carrier
    from events
),

documents as (
    {{ school_rows('stg_programme_document') }}
),

owned as (
    select
        *,
        {{ is_first_row('school_id, school_year, document_kind') }} as is_carrier
    from documents
),

activities as (
    {{ school_rows('stg_support_activity') }}
),

supported as (
    select
        *,
        support_kind in ('consultation', 'psychological') as is_help,
        {{ is_first_row('school_id, school_year',
            "case when support_kind in ('consultation', 'psychological') then 0 else 1 end") }} as is_first
    from activities
),

sheets as (
    select
        school_id, school_year, file_id, sheet,
        min(source_row) as source_row, {{ first_by('contract', 'source_row') }} as contract
    from {{ ref('int_evidence_score') }}
    where tested_n > 0
    group by school_id, school_year, file_id, sheet
),

results as (
    select
        *,
        {{ is_first_row('school_id, school_year') }} as is_first
    from sheets
),

schools as (
    select * from {{ ref('int_evidence_school') }}
),

registered as (
    select * from schools
    where not is_placeholder and school_year in (select results.school_year from results)
),

analysed as (
    select results.*
    from results
    inner join registered
        on results.school_id = registered.school_id and results.school_year = registered.school_year
),

{% for kind in ['programme', 'roadmap'] %}
documents_{{ kind }} as (
    select * from owned
    where document_kind = '{{ kind }}'
),

{% endfor %}
{% for contract in ['programme_documents', 'support_activities'] %}
schools_of_{{ contract }} as (
    select * from schools
    where school_year in ({{ received_years(contract) }})
),

{% endfor %}
final as (
    {{ evidence('planned', 'roadmap_participations', 'events',
        'case when is_carrier and held_on is not null then 1 else 0 end',
        'case when is_carrier then 1 else 0 end') }}
    {% for kind in ['programme', 'roadmap'] %}
    union all
    {{ evidence('schools_of_programme_documents', 'school_' ~ kind, 'contract', '0', '1') }}
    union all
    {{ evidence('documents_' ~ kind, 'school_' ~ kind, 'programme_documents',
        'case when is_carrier then 1 else 0 end') }}
    {% endfor %}
    {% for measure, numerator in {
        'support_activities': 'case when support_kind is null then 0 else 1 end',
        'support_participants':
            "case when participants_role in ('students', 'parents', 'families') then coalesce(participants_n, 0)"
            ~ " else 0 end",
        'support_schools': 'case when is_first and is_help then 1 else 0 end',
    }.items() %}
    union all
    {{ evidence('schools_of_support_activities', measure, 'contract', '0', '1') }}
    union all
    {{ evidence('supported', measure, 'support_activities', numerator) }}
    {% endfor %}
    union all
    {{ evidence('registered', 'schools_analysed', 'contract', '0', '1') }}
    union all
    {{ evidence('analysed', 'schools_analysed', 'contract', 'case when is_first then 1 else 0 end') }}
)

select * from final
