-- The label of every school that was there in the year, under every rule in force: computed on unsuppressed
-- results, with what people decided shown beside.
with labels as (
    select * from {{ ref('int_identification_label') }}
),

states as (
    select * from {{ ref('int_identification_state') }}
),

final as (
    select
        labels.k_school,
        labels.school_id,
        labels.municipality_id,
        labels.rule_id,
        labels.rule_version,
        labels.school_year,
        labels.purpose,
        labels.status,
        labels.probability,
        cast(labels.n_conditions as integer) as n_conditions,
        cast(labels.known_n as integer) as known_n,
        cast(labels.too_few_n as integer) as too_few_n,
        labels.missing_conditions,
        cast(labels.pooled_n as bigint) as pooled_n,
        100e0 * labels.pooled_numerator / labels.pooled_n as pooled_pct,
        labels.is_met,
        labels.branches,
        labels.exclusion_reason_ru,
        labels.exclusion_reason_en,
        labels.override_label,
        labels.override_state,
        labels.override_by,
        labels.override_on,
        labels.override_reason,
        labels.override_until,
        labels.is_listed,
        states.episode_state,
        cast(states.first_year as integer) as first_year
    from labels
    inner join states
        on labels.school_id = states.school_id and labels.rule_id = states.rule_id
        and labels.school_year = states.school_year
)

select * from final
