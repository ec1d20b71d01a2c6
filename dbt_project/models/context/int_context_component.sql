-- One row per school, school year and component of the social index of the year: its value as a number, null
-- where it is not known. Codes become numbers by the seed context_code_value. The form asks only smaller
-- places how far a large city is, so a city's own schools have the best answer.
{% set fields, codes = context_number_fields(), context_code_fields() %}
with conditions as (
    select * from {{ ref('int_school_context') }}
),

context as (
    select
        school_id,
        school_year,
        {% for field in fields + codes if field != 'transport_reach' %}
        {{ field }},
        {% endfor %}
        case
            when transport_reach is null and locality_type in ('capital', 'city') then 'commute'
            else transport_reach
        end as transport_reach
    from conditions
),

code_values as (
    select * from {{ ref('context_code_value') }}
),

components as (
    select * from {{ ref('context_component') }}
),

versions as (
    select * from {{ ref('context_index') }}
),

field_values as (
    {% for field in fields %}
    select school_id, school_year, '{{ field }}' as source_field, {{ field }} as field_value
    from context
    union all
    {% endfor %}
    {% for field in codes %}
    select context.school_id, context.school_year, '{{ field }}', code_values.value
    from context
    left join code_values
        on code_values.source_field = '{{ field }}'
        and cast(context.{{ field }} as {{ dbt.type_string() }}) = code_values.code
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        field_values.school_id,
        field_values.school_year,
        components.component,
        cast(field_values.field_value as double) as value,
        components.orientation,
        components.weight,
        versions.index_version,
        versions.weighting,
        versions.least_components,
        versions.z_limit
    from field_values
    inner join components
        on field_values.source_field = components.source_field
        and field_values.school_year between components.from_year and components.to_year
    inner join versions
        on components.index_version = versions.index_version
        and field_values.school_year between versions.from_year and versions.to_year
)

select * from final
