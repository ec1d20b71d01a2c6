-- The conditions of schools with their social index and the number of signs of difficult conditions.
{% set facts = ['locality_type', 'locality_group', 'has_passport', 'has_context_form', 'students_n',
    'ownership', 'has_primary', 'has_basic', 'has_secondary', 'is_special', 'is_evening', 'is_closed', 'is_prison',
    'is_boarding'] %}
with context as (
    select * from {{ ref('int_school_context') }}
),

indices as (
    select * from {{ source('programme', 'social_index') }}
),

signs as (
    select
        school_id,
        school_year,
        count(met) as signs_n,
        count(case when met then 1 end) as signs_met_n
    from {{ ref('int_school_social_sign') }}
    group by school_id, school_year
),

final as (
    select
        context.school_id,
        context.k_school,
        context.school_year,
        {% for field in facts + context_number_fields() + context_code_fields() %}
        context.{{ field }},
        {% endfor %}
        indices.social_index,
        indices.social_index_percentile,
        cast(indices.quantile as integer) as quantile,
        cast(coalesce(indices.n_components, 0) as integer) as n_components,
        indices.index_version,
        signs.signs_n,
        signs.signs_met_n,
        case when indices.social_index is null then 'L' else 'A' end as obs_status
    from context
    left join indices
        on context.school_id = indices.school_id and context.school_year = indices.school_year
    left join signs on context.school_id = signs.school_id and context.school_year = signs.school_year
)

select * from final
