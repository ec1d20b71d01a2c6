-- Networks of schools: partners in force, their kinds, a coordinator, joint events. In a year with a list of
-- partnerships a school that isn't on it has none.
with school_years as (
    select * from {{ ref('int_school_year') }}
),

partnerships as (
    select
        school_id, school_year,
        count(distinct partner_id) as partners_n,
        count(distinct partner_kind) as kinds_n,
        max(case when has_coordinator then 1 else 0 end) as has_coordinator
    from {{ ref('brg_school_network') }}
    where is_active
    group by school_id, school_year
),

networks as (
    select
        school_years.school_id, school_years.school_year,
        coalesce(partnerships.partners_n, 0) as partners_n,
        coalesce(partnerships.kinds_n, 0) as kinds_n,
        coalesce(partnerships.has_coordinator, 0) as has_coordinator
    from school_years
    left join partnerships
        on school_years.school_id = partnerships.school_id
        and school_years.school_year = partnerships.school_year
    where school_years.school_year in ({{ received_years('partnerships') }})
),

held as (
    select distinct programme, event_id, school_year, school_id
    from {{ ref('fct_school_event') }}
    where is_held and school_id is not null
),

joint as (
    select programme, event_id, school_year
    from held
    group by programme, event_id, school_year
    having count(*) > 1
),

joint_of_schools as (
    select held.school_id, held.school_year, count(*) as events_n
    from held
    inner join joint
        on held.programme = joint.programme and held.event_id = joint.event_id
        and held.school_year = joint.school_year
    group by held.school_id, held.school_year
),

events as (
    select
        school_years.school_id, school_years.school_year, coalesce(joint_of_schools.events_n, 0) as events_n
    from school_years
    left join joint_of_schools
        on school_years.school_id = joint_of_schools.school_id
        and school_years.school_year = joint_of_schools.school_year
    where school_years.school_year in ({{ received_years('events') }})
),

final as (
    {{ school_measure('networks', 'partners', 'partners_n') }}
    union all
    {{ school_measure('networks', 'active_partner', 'case when partners_n > 0 then 1 else 0 end') }}
    union all
    {{ school_measure('networks', 'partner_kinds', 'kinds_n') }}
    union all
    {{ school_measure('networks', 'coordinator', 'has_coordinator') }}
    union all
    {{ school_measure('events', 'joint_events', 'events_n') }}
    union all
    {{ school_measure('events', 'joint_event_schools', 'case when events_n > 0 then 1 else 0 end') }}
)

select * from final
