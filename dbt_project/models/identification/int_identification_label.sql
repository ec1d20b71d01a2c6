-- The label of each school under each rule in force, before episodes: computed status, exclusion, override,
-- and whether the school is on the list when all three are taken together.
with schools as (
    select * from {{ ref('int_identification_school') }}
),

rule_years as (
    select * from {{ ref('int_rule_year') }}
),

requirements as (
    select * from {{ ref('int_identification_requirement') }}
),

conditions as (
    select * from {{ ref('int_identification_condition') }}
),

probabilities as (
    select * from {{ ref('int_identification_probability') }}
),

exclusions as (
    select * from {{ ref('rule_exclusion') }}
),

overrides as (
    select * from {{ ref('int_label_override') }}
),

missing as (
    select * from {{ ref('int_identification_missing') }}
),

-- all requirements of a branch
branches as (
    select
        {% for variant in rule_variants() %}
        min(case when holds_{{ variant }} then 1 else 0 end) as holds_{{ variant }},
        {% endfor %}
        school_id, rule_id, rule_version, school_year, branch
    from requirements
    group by school_id, rule_id, rule_version, school_year, branch
),

-- one branch is enough
decided as (
    select
        school_id, rule_id, rule_version, school_year,
        {{ distinct_list('case when holds_point = 1 then branch end') }} as branches,
        case
            when max(holds_confirmed) = 1 then 'confirmed'
            when max(holds_point) = 1 then 'point'
            when max(holds_near) = 1 then 'near'
            when max(holds_decidable) = 0 then 'insufficient'
            else 'no'
        end as status
    from branches
    group by school_id, rule_id, rule_version, school_year
),

-- a condition that two branches look at is one
distinct_conditions as (
    select distinct
        school_id, rule_id, rule_version, school_year, years_before, series, measure, met_point, is_known,
        pooled_n, pooled_numerator
    from conditions
),

counted as (
    select
        school_id, rule_id, rule_version, school_year,
        count(case when met_point then 1 end) as n_conditions,
        count(case when is_known and years_before = 0 then 1 end) as known_n,
        count(case when not is_known and years_before = 0 then 1 end) as too_few_n,
        sum(case when years_before = 0 and measure = 'below_min_share' then pooled_n end) as pooled_n,
        sum(case when years_before = 0 and measure = 'below_min_share' then pooled_numerator end)
            as pooled_numerator
    from distinct_conditions
    group by school_id, rule_id, rule_version, school_year
),

labels as (
    select
        decided.school_id, schools.k_school, schools.municipality_id, decided.rule_id, decided.rule_version,
        decided.school_year, rule_years.purpose, rule_years.exit_years,
        decided.status,
        decided.status in ('point', 'confirmed') as is_met,
        decided.branches,
        coalesce(counted.n_conditions, 0) as n_conditions,
        coalesce(counted.known_n, 0) as known_n,
        coalesce(counted.too_few_n, 0) as too_few_n,
        counted.pooled_n,
        counted.pooled_numerator,
        missing.missing_conditions,
        probabilities.probability,
        exclusions.reason_ru as exclusion_reason_ru,
        exclusions.reason_en as exclusion_reason_en,
        exclusions.school_kind is not null as is_excluded,
        overrides.label as override_label,
        case
            when overrides.is_in_force then 'in_force' when not overrides.is_in_force then 'expired'
        end as override_state,
        overrides.decided_by as override_by,
        overrides.decided_on as override_on,
        overrides.reason as override_reason,
        overrides.valid_until as override_until
    from decided
    inner join schools
        on decided.school_id = schools.school_id and decided.school_year = schools.school_year
    inner join rule_years
        on decided.rule_id = rule_years.rule_id and decided.rule_version = rule_years.rule_version
        and decided.school_year = rule_years.school_year
    left join counted
        on decided.school_id = counted.school_id and decided.rule_id = counted.rule_id
        and decided.rule_version = counted.rule_version and decided.school_year = counted.school_year
    left join missing
        on decided.school_id = missing.school_id and decided.rule_id = missing.rule_id
        and decided.rule_version = missing.rule_version and decided.school_year = missing.school_year
    left join probabilities
        on decided.school_id = probabilities.school_id and decided.rule_id = probabilities.rule_id
        and decided.rule_version = probabilities.rule_version
        and decided.school_year = probabilities.school_year
    left join exclusions
        on rule_years.exclusion_set = exclusions.exclusion_set
        and schools.school_kind = exclusions.school_kind
    left join overrides
        on decided.school_id = overrides.school_id and decided.rule_id = overrides.rule_id
        and decided.school_year = overrides.school_year
),

final as (
    select
        *,
        case
            when override_state = 'in_force' then override_label = 'include'
            else is_met and not is_excluded
        end as is_listed
    from labels
)

select * from final
