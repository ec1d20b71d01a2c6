-- What the social index of a year was made with.
with weights as (
    select * from {{ source('programme', 'index_weight') }}
),

components as (
    select * from {{ ref('context_component') }}
),

final as (
    select
        cast(weights.school_year as integer) as school_year,
        weights.component,
        weights.index_version,
        components.title_ru,
        components.title_en,
        components.source,
        cast(weights.orientation as integer) as orientation,
        weights.weighting,
        weights.weight,
        weights.mean,
        weights.sd,
        weights.schools_n
    from weights
    inner join components
        on weights.component = components.component
        and weights.index_version = cast(components.index_version as {{ dbt.type_string() }})
)

select * from final
