-- One row per school, school year and sign of difficult social conditions: what is observed and whether the
-- sign is met; null where it is not known.
with components as (
    select * from {{ ref('int_context_component') }}
),

signs as (
    select * from {{ ref('context_sign') }}
),

final as (
    select
        components.school_id,
        components.school_year,
        signs.rule_version,
        signs.sign,
        components.component,
        components.value as observed,
        signs.direction,
        cast(signs.threshold as double) as threshold,
        case
            when signs.direction = 'at_least' then components.value >= signs.threshold
            else components.value <= signs.threshold
        end as met
    from components
    inner join signs
        on components.component = signs.component
        and components.school_year between signs.from_year and signs.to_year
)

select * from final
