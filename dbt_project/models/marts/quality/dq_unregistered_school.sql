-- Codes of schools that files use and the register can't answer for, with how much hangs on them.
with sightings as (
    select * from {{ ref('int_school_sighting') }}
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
    where is_placeholder
),

schools as (
    select * from {{ ref('int_school') }}
),

final as (
    select
        crosswalk.school_key,
        crosswalk.school_code,
        crosswalk.school_id,
        crosswalk.placeholder_reason,
        min(schools.school_name) as school_name,
        min(schools.municipality_id) as municipality_id,
        {{ distinct_list('sightings.contract') }} as contracts,
        min(sightings.school_year) as first_school_year,
        max(sightings.school_year) as last_school_year,
        cast(sum(sightings.rows_n) as bigint) as rows_n
    from crosswalk
    inner join sightings
        on crosswalk.school_key = sightings.school_key and crosswalk.school_code = sightings.school_code
    inner join schools on crosswalk.school_id = schools.school_id
    group by 1, 2, 3, 4
)

select * from final
