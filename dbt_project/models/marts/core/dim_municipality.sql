-- Municipalities, with how many schools the newest versions put there.
with municipalities as (
    select * from {{ ref('int_municipality') }}
),

schools as (
    select municipality_id, count(*) as schools_n
    from {{ ref('int_school') }}
    where is_latest
    group by municipality_id
),

final as (
    select
        municipalities.municipality_id,
        municipalities.municipality_name as name,
        municipalities.territory_ids,
        coalesce(schools.schools_n, 0) as schools_n,
        municipalities.is_listed,
        municipalities.is_placeholder
    from municipalities
    left join schools on municipalities.municipality_id = schools.municipality_id
)

select * from final
