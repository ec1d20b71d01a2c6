-- One row per municipality: of the lists, of the registers, and of results of unregistered schools.
with crosswalk as (
    select * from {{ ref('int_municipality_crosswalk') }}
),

listed as (
    select
        municipality_id,
        -- the latest year's name; of several the first by the alphabet
        {{ first_by(
            'municipality_name', "cast(9999 - school_year as " ~ dbt.type_string() ~ ") || municipality_name"
        ) }} as municipality_name,
        {{ distinct_list('territory_id') }} as territory_ids
    from {{ ref('stg_municipality') }}
    group by municipality_id
),

registered as (
    select municipality_id, min(municipality_name) as municipality_name
    from {{ ref('int_school_register') }}
    group by municipality_id
),

municipalities as (
    select municipality_id, min(matched_by) as matched_by
    from crosswalk
    group by municipality_id
),

final as (
    select
        municipalities.municipality_id,
        coalesce(listed.municipality_name, registered.municipality_name, municipalities.municipality_id)
            as municipality_name,
        listed.territory_ids,
        listed.municipality_id is not null as is_listed,
        municipalities.matched_by = 'itself' as is_placeholder
    from municipalities
    left join listed on municipalities.municipality_id = listed.municipality_id
    left join registered on municipalities.municipality_id = registered.municipality_id
)

select * from final
