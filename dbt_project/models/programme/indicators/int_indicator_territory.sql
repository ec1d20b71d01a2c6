-- Facts that belong to no school: municipalities with a school in a programme, and events of a roadmap as
-- such, each once however many schools took part.
with programme_schools as (
    select * from {{ ref('int_programme_school') }}
),

municipalities as (
    select
        members.municipality_id, members.school_year,
        max(case when programme_schools.roles is null then 0 else 1 end) as is_involved
    from {{ ref('int_programme_group') }} as members
    inner join programme_schools
        on members.school_id = programme_schools.school_id
        and members.school_year = programme_schools.school_year
    where
        members.school_group = 'all'
        and members.municipality_id is not null
        and members.school_year in ({{ received_years('programme_membership') }})
    group by members.municipality_id, members.school_year
),

events as (
    select programme, school_year, event_id, max(case when is_held then 1 else 0 end) as is_held_n
    from {{ ref('fct_school_event') }}
    group by programme, school_year, event_id
),

final as (
    select
        'municipalities_involved' as measure_id, municipality_id,
        cast(null as {{ dbt.type_string() }}) as programme,
        school_year, 'year' as period,
        cast(is_involved as double) as numerator,
        cast(1 as double) as denominator
    from municipalities
    union all
    select
        'roadmap_events', null, programme, school_year, 'year', cast(sum(is_held_n) as double),
        cast(count(*) as double)
    from events
    group by programme, school_year
)

select * from final
