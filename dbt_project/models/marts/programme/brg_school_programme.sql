-- Schools in support programmes: their roles and the dates, by the lists of each school year.
with memberships as (
    select * from {{ ref('int_programme_membership') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        memberships.school_id, school_years.k_school, school_years.municipality_id, memberships.school_year,
        memberships.programme, memberships.target_group, memberships.role, memberships.valid_from,
        memberships.valid_to
    from memberships
    inner join school_years
        on memberships.school_id = school_years.school_id
        and memberships.school_year = school_years.school_year
)

select * from final
