-- Conditions on facts of the school as a whole: signs of difficult social conditions, the social index, and
-- what makes a year of resilience. Where a measure brings its own threshold, that one holds; a condition's
-- own goes before it. Facts known of all students are no estimates: they have no bounds.
with conditions as (
    select * from {{ ref('int_rule_condition') }}
    where kind is null
),

parameters as (
    select max(case when parameter = 'resilient_lowest_pct' then value end) as lowest_pct
    from {{ ref('context_parameter') }}
),

components as (
    select
        component,
        max(case when source_field like '%_pct' then {{ near_points() }} else 0 end) as near_step
    from {{ ref('context_component') }}
    group by component
),

signs as (
    select signs.*, components.near_step
    from {{ ref('int_school_social_sign') }} as signs
    inner join components on signs.component = components.component
    where signs.observed is not null
),

context as (
    select * from {{ ref('fct_school_context') }}
    where social_index_percentile is not null
),

resilience as (
    select resilience.*, context.social_index_percentile
    from {{ ref('fct_resilience') }} as resilience
    inner join context
        on resilience.school_id = context.school_id and resilience.school_year = context.school_year
),

measures as (
    select
        school_id, school_year, 'social_sign' as measure, sign as series, observed, near_step,
        case direction when 'at_least' then 'ge' else 'le' end as comparison, threshold,
        cast(null as double) as margin_z
    from signs
    union all
    select
        school_id, school_year, 'social_index_percentile', 'social_index_percentile', social_index_percentile,
        {{ near_points() }}, null, null, null
    from context
    union all
    select
        resilience.school_id, resilience.school_year, 'resilience_index', 'social_index_percentile',
        resilience.social_index_percentile, {{ near_points() }}, 'le', parameters.lowest_pct, null
    from resilience
    cross join parameters
    union all
    select school_id, school_year, 'resilience_result', 'z_score', z_score, 0, 'gt', 0, null
    from resilience
    union all
    select
        school_id, school_year, 'resilience_residual', 'residual_ci_low', ci_low, 0, 'gt', 0,
        residual_z / nullif(residual_z_se, 0)
    from resilience
),

schools as (
    select * from {{ ref('int_identification_school') }}
),

asked as (
    select
        conditions.rule_id, conditions.rule_version, conditions.school_year, conditions.branch,
        conditions.requirement, conditions.years_before, conditions.measure,
        coalesce(conditions.comparison, measures.comparison) as comparison,
        coalesce(conditions.threshold, measures.threshold) as threshold,
        measures.school_id, measures.series, measures.observed, measures.near_step, measures.margin_z
    from conditions
    inner join measures
        on conditions.measure = measures.measure
        and conditions.school_year - conditions.years_before = measures.school_year
    inner join schools
        on measures.school_id = schools.school_id and conditions.school_year = schools.school_year
),

final as (
    select
        *,
        {{ compares('comparison', 'observed', 'threshold') }} as is_point,
        {{ compares(
            'comparison', toward('comparison', 'observed + near_step', 'observed - near_step'), 'threshold'
        ) }} as is_near
    from asked
)

select * from final
