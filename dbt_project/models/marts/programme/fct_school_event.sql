-- Events of the roadmaps as schools took part in them. An event that names no school is the region's own.
with events as (
    select * from {{ ref('stg_event') }}
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        events.programme, events.event_id, events.school_year,
        crosswalk.school_id, school_years.k_school, school_years.municipality_id,
        events.role, events.title, events.event_form, events.planned_on, events.held_on,
        events.held_on is not null as is_held,
        events.participants_n
    from events
    left join crosswalk
        on events.school_key = crosswalk.school_key and events.school_code = crosswalk.school_code
    left join school_years
        on crosswalk.school_id = school_years.school_id and events.school_year = school_years.school_year
)

select * from final
