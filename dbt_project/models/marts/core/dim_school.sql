-- Schools with their versions; codes that the register lacks are placeholders with the reason.
with schools as (
    select * from {{ ref('int_school') }}
),

municipalities as (
    select * from {{ ref('int_municipality') }}
),

final as (
    select
        schools.k_school, schools.school_id, schools.school_name as name, schools.short_name,
        schools.municipality_id, municipalities.municipality_name, schools.locality_type,
        schools.locality_group, schools.school_kind, schools.school_status, schools.login,
        schools.oge_code, schools.ege_code,
        schools.inn, schools.ogrn, schools.oktmo, schools.valid_from, schools.valid_to,
        schools.successor_school_id, schools.is_latest, schools.is_placeholder, schools.placeholder_reason
    from schools
    left join municipalities on schools.municipality_id = municipalities.municipality_id
)

select * from final
