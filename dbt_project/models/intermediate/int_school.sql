-- One row per school and validity: the register's schools, and a placeholder for each code it lacks.
-- The locality comes from the register, else from the school's latest context form.
with register as (
    select * from {{ ref('int_school_register') }}
),

sightings as (
    select sighting.*, crosswalk.school_id, crosswalk.is_placeholder, crosswalk.placeholder_reason
    from {{ ref('int_school_sighting') }} as sighting
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on sighting.school_key = crosswalk.school_key and sighting.school_code = crosswalk.school_code
),

municipality_crosswalk as (
    select * from {{ ref('int_municipality_crosswalk') }}
),

locality_groups as (
    select * from {{ ref('locality_group') }}
),

context_locality as (
    select
        crosswalk.school_id,
        {{ first_by(
            'context.locality_type',
            "cast(9999 - context.school_year as " ~ dbt.type_string() ~ ") || context.locality_type"
        ) }} as locality_type
    from {{ ref('stg_context_form') }} as context
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on context.school_key = crosswalk.school_key and context.school_code = crosswalk.school_code
    group by crosswalk.school_id
),

sent_municipalities as (
    select
        sightings.school_id,
        municipality_crosswalk.municipality_id,
        row_number() over (
            partition by sightings.school_id
            order by sum(sightings.rows_n) desc, municipality_crosswalk.municipality_id
        ) as sent_rank
    from sightings
    inner join municipality_crosswalk on sightings.municipality_sent = municipality_crosswalk.sent
    where sightings.is_placeholder
    group by sightings.school_id, municipality_crosswalk.municipality_id
),

placeholders as (
    select
        school_id,
        min(placeholder_reason) as placeholder_reason,
        coalesce(max(school_name_sent), min(school_code)) as school_name,
        min(case when school_key = 'oge_code' then school_code end) as oge_code,
        min(case when school_key = 'ege_code' then school_code end) as ege_code
    from sightings
    where is_placeholder
    group by school_id
),

schools as (
    select
        register.school_id, register.valid_from, register.valid_to, register.school_name, register.short_name,
        municipality_crosswalk.municipality_id, register.login, register.oge_code, register.ege_code,
        register.inn, register.ogrn, register.oktmo, register.school_kind, register.locality_type,
        register.school_status, register.successor_school_id,
        false as is_placeholder, cast(null as {{ dbt.type_string() }}) as placeholder_reason
    from register
    left join municipality_crosswalk on register.municipality_id = municipality_crosswalk.sent
    union all
    select
        placeholders.school_id, null, null, placeholders.school_name, null,
        sent_municipalities.municipality_id, null, placeholders.oge_code, placeholders.ege_code,
        null, null, null, null, null, null, null,
        true as is_placeholder, placeholders.placeholder_reason
    from placeholders
    left join sent_municipalities
        on placeholders.school_id = sent_municipalities.school_id and sent_municipalities.sent_rank = 1
),

final as (
    select
        {{ surrogate_key(['schools.school_id', 'schools.valid_from']) }} as k_school,
        schools.school_id, schools.valid_from, schools.valid_to, schools.school_name, schools.short_name,
        schools.municipality_id, schools.login, schools.oge_code, schools.ege_code, schools.inn, schools.ogrn,
        schools.oktmo, schools.school_kind,
        coalesce(schools.locality_type, context_locality.locality_type) as locality_type,
        locality_groups.locality_group,
        schools.school_status, schools.successor_school_id, schools.is_placeholder,
        schools.placeholder_reason,
        row_number() over (
            partition by schools.school_id order by schools.valid_from desc nulls last
        ) = 1 as is_latest
    from schools
    left join context_locality on schools.school_id = context_locality.school_id
    left join locality_groups
        on coalesce(schools.locality_type, context_locality.locality_type) = locality_groups.locality_type
)

select * from final
