-- How the programme is carried out: events of the roadmap by school, documents of schools, support of
-- students and families, schools whose results were analysed.
with school_years as (
    select * from {{ ref('int_school_year') }}
),

events as (
    select
        school_id, school_year, programme, event_id,
        max(case when is_held then 1 else 0 end) as is_held_n
    from {{ ref('fct_school_event') }}
    where school_id is not null
    group by school_id, school_year, programme, event_id
),

planned as (
    select
        school_id, school_year,
        count(*) as planned_n,
        sum(is_held_n) as held_n
    from events
    group by school_id, school_year
),

documents as (
    select
        school_years.school_id, school_years.school_year,
        max(case when documents.document_kind = 'programme' then 1 else 0 end) as has_programme,
        max(case when documents.document_kind = 'roadmap' then 1 else 0 end) as has_roadmap
    from school_years
    left join {{ ref('fct_programme_document') }} as documents
        on school_years.school_id = documents.school_id and school_years.school_year = documents.school_year
    where school_years.school_year in ({{ received_years('programme_documents') }})
    group by school_years.school_id, school_years.school_year
),

support as (
    select
        school_years.school_id, school_years.school_year,
        count(activity.support_kind) as activities_n,
        coalesce(
            sum(
                case
                    when activity.participants_role in ('students', 'parents', 'families')
                        then activity.participants_n
                end
            ), 0
        ) as participants_n,
        max(case when activity.support_kind in ('consultation', 'psychological') then 1 else 0 end)
            as has_help
    from school_years
    left join {{ ref('fct_support_activity') }} as activity
        on school_years.school_id = activity.school_id and school_years.school_year = activity.school_year
    where school_years.school_year in ({{ received_years('support_activities') }})
    group by school_years.school_id, school_years.school_year
),

results as (
    select distinct school_id, school_year
    from {{ ref('int_assessment_unit') }}
    where unit_type = 'school' and subgroup = 'all' and tested_n > 0
),

analysed as (
    select
        school_years.school_id, school_years.school_year,
        case when results.school_id is null then 0 else 1 end as is_analysed
    from school_years
    left join results
        on school_years.school_id = results.school_id and school_years.school_year = results.school_year
    where
        not school_years.is_placeholder
        and school_years.school_year in (select result_year.school_year from results as result_year)
),

final as (
    {{ school_measure('planned', 'roadmap_participations', 'held_n', 'planned_n') }}
    union all
    {{ school_measure('documents', 'school_programme', 'has_programme') }}
    union all
    {{ school_measure('documents', 'school_roadmap', 'has_roadmap') }}
    union all
    {{ school_measure('support', 'support_activities', 'activities_n') }}
    union all
    {{ school_measure('support', 'support_participants', 'participants_n') }}
    union all
    {{ school_measure('support', 'support_schools', 'has_help') }}
    union all
    {{ school_measure('analysed', 'schools_analysed', 'is_analysed') }}
)

select * from final
