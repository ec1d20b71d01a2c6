-- Rows behind facts that belong to no school. A municipality counts once, with the first of its schools, and
-- as involved with the first membership; an event counts once, with a row that tells that it was held.
with members as (
    select school_id, school_year, municipality_id
    from {{ ref('int_programme_group') }}
    where
        school_group = 'all' and municipality_id is not null
        and school_year in ({{ received_years('programme_membership') }})
),

schools as (
    select
        members.municipality_id, members.school_year, schools.contract, schools.file_id, schools.sheet,
        schools.source_row,
        row_number() over (
            partition by members.municipality_id, members.school_year order by members.school_id
        ) = 1 as is_carrier
    from members
    inner join {{ ref('int_evidence_school') }} as schools
        on members.school_id = schools.school_id and members.school_year = schools.school_year
),

memberships as (
    select
        members.municipality_id, members.school_year,
        memberships.file_id, memberships.sheet, memberships.source_row,
        row_number() over (
            partition by members.municipality_id, members.school_year
            order by memberships.file_id, memberships.sheet, memberships.source_row
        ) = 1 as is_carrier
    from members
    inner join {{ ref('int_programme_membership') }} as memberships
        on members.school_id = memberships.school_id and members.school_year = memberships.school_year
),

events as (
    select
        *,
        row_number() over (
            partition by programme, event_id, school_year
            order by case when held_on is null then 1 else 0 end, file_id, sheet, source_row
        ) = 1 as is_carrier
    from {{ ref('stg_event') }}
),

final as (
    select
        'municipalities_involved' as measure_id, municipality_id,
        cast(null as {{ dbt.type_string() }}) as programme,
        school_year, 'year' as period, contract, file_id, sheet, source_row,
        cast(0 as double) as numerator,
        cast(case when is_carrier then 1 else 0 end as double) as denominator
    from schools
    union all
    select
        'municipalities_involved', municipality_id, null, school_year, 'year', 'programme_membership',
        file_id, sheet, source_row, cast(case when is_carrier then 1 else 0 end as double), 0
    from memberships
    union all
    select
        'roadmap_events', null, programme, school_year, 'year', 'events', file_id, sheet, source_row,
        cast(case when is_carrier and held_on is not null then 1 else 0 end as double),
        cast(case when is_carrier then 1 else 0 end as double)
    from events
)

select * from final
