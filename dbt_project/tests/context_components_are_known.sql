-- What: each component of the social index is made of a field that the context has, codes have their numbers,
-- each sign rests on a component, and that is not a sensitive one.
-- When it matters: a component with a misspelt field would silently be missing for all schools; a sign on a
-- sensitive share would show it below the municipality.
-- How to fix: correct the row of the seed that is printed.
with components as (
    select * from {{ ref('context_component') }}
),

signs as (
    select context_sign.sign, components.is_sensitive
    from {{ ref('context_sign') }} as context_sign
    left join components on context_sign.component = components.component
),

ordered_fields as (
    select distinct source_field from {{ ref('context_code_value') }}
),

fields as (
    {% for field in context_number_fields() + context_code_fields() %}
    select
        '{{ field }}' as source_field,
        {{ 'true' if field in context_code_fields() else 'false' }} as is_code
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

faults as (
    select 'context_component' as seed, components.component as name, 'unknown field' as fault
    from components
    left join fields on components.source_field = fields.source_field
    where fields.source_field is null
    union all
    select 'context_component', components.component, 'codes without numbers'
    from components
    inner join fields on components.source_field = fields.source_field and fields.is_code
    left join ordered_fields on components.source_field = ordered_fields.source_field
    where ordered_fields.source_field is null
    union all
    select 'context_sign', sign, 'unknown component'
    from signs
    where is_sensitive is null
    union all
    select 'context_sign', sign, 'sensitive component'
    from signs
    where is_sensitive
)

select * from faults
