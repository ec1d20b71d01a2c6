-- One row per school and school year with data: the version of the school that its results belong to. It is
-- the version that holds on 31 May; failing that the last to begin before, failing that the first after.
with schools as (
    select * from {{ ref('int_school') }}
),

years as (
    select distinct school_year, {{ school_year_day('school_year') }} as last_day
    from {{ ref('int_school_sighting') }}
),

ranked as (
    select
        years.school_year, schools.school_id, schools.k_school, schools.municipality_id,
        schools.locality_type, schools.locality_group, schools.is_placeholder,
        row_number() over (
            partition by schools.school_id, years.school_year
            order by
                case
                    when coalesce(schools.valid_from, years.last_day) <= years.last_day
                        and coalesce(schools.valid_to, years.last_day) >= years.last_day then 0
                    when coalesce(schools.valid_from, years.last_day) <= years.last_day then 1
                    else 2
                end,
                case
                    when schools.valid_from <= years.last_day
                        then {{ dbt.datediff('schools.valid_from', 'years.last_day', 'day') }}
                    else {{ dbt.datediff('years.last_day', 'schools.valid_from', 'day') }}
                end,
                schools.k_school
        ) as version_rank
    from schools
    cross join years
),

final as (
    select school_year, school_id, k_school, municipality_id, locality_type, locality_group, is_placeholder
    from ranked
    where version_rank = 1
)

select * from final
