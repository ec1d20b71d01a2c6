-- Every condition of every rule in force, as it stands for each school: one row per school, rule, year of the
-- results, requirement, year looked at and series (an assessment over the years, a sign, an index).
with shares as (
    select * from {{ ref('int_identification_share') }}
),

standings as (
    select * from {{ ref('int_identification_standing') }}
),

context as (
    select * from {{ ref('int_identification_context') }}
),

conditions as (
    select
        school_id, rule_id, rule_version, school_year, branch, requirement, years_before, series,
        subject_group, assessment_id, measure, comparison, threshold, observed, n, numerator, is_known,
        is_point, is_confirmed, is_near, is_inherited, pooled_n, pooled_numerator,
        posterior_alpha, posterior_beta,
        cast(null as double) as margin_z
    from shares
    union all
    select
        school_id, rule_id, rule_version, school_year, branch, requirement, years_before, series,
        subject_group, assessment_id, measure, comparison, threshold, observed, n, numerator, is_decided,
        is_point, is_confirmed, is_near, is_inherited, null, null, null, null, margin_z
    from standings
    union all
    select
        school_id, rule_id, rule_version, school_year, branch, requirement, years_before, series,
        series as subject_group, null, measure, comparison, threshold, observed, null, null, true,
        is_point, is_point as is_confirmed, is_near, false, null, null, null, null, margin_z
    from context
),

final as (
    select
        school_id, rule_id, rule_version, school_year, branch, requirement, years_before, series,
        subject_group, assessment_id, measure, comparison,
        cast(threshold as double) as threshold,
        observed,
        cast(n as bigint) as n,
        cast(numerator as bigint) as numerator,
        is_known, is_inherited,
        cast(pooled_n as bigint) as pooled_n,
        cast(pooled_numerator as bigint) as pooled_numerator,
        coalesce(is_known and is_point, false) as met_point,
        coalesce(is_known and is_confirmed, false) as met_confirmed,
        coalesce(is_known and is_near, false) as met_near,
        is_known as met_decidable,
        posterior_alpha, posterior_beta, margin_z
    from conditions
)

select * from final
