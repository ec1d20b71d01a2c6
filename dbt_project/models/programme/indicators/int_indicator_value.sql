-- Values of indicators with their errors. Of sums: numerator over denominator, times the factor, less the
-- same of the reference; a sum has no denominator. Interval by the registry: wilson of a share; cluster: by
-- the differences between the unit's schools (Taylor's error of a ratio), for one school by the error its
-- facts bring; normal: by the estimate's own error; none where everything is counted and nothing sampled.
{% set z = normal_quantile() | trim %}
with registry as (
    select * from {{ ref('programme_indicator') }}
),

years as (
    select distinct school_year from {{ ref('int_school_year') }}
),

sums as (
    select
        *,
        numerator / nullif(denominator, 0) as ratio
    from {{ ref('int_indicator_sum') }}
),

errors as (
    select
        *,
        case
            when schools_n > 1
                then
                    sqrt(
                        greatest(
                            numerator_square_sum - 2 * ratio * product_sum
                            + ratio * ratio * denominator_square_sum, 0
                        ) * schools_n / (schools_n - 1)
                    ) / nullif(denominator, 0)
            else sqrt(numerator_variance) / nullif(denominator, 0)
        end as ratio_se
    from sums
),

of_group as (
    select * from errors
    where side = 'group'
),

of_reference as (
    select * from errors
    where side = 'reference'
),

of_sums as (
    select
        of_group.indicator_id, of_group.unit_type, of_group.unit_id, of_group.school_year,
        of_group.period, of_group.numerator,
        case when registry.statistic <> 'sum' then of_group.denominator end as denominator,
        registry.factor * of_reference.ratio as reference_value,
        case
            when registry.statistic = 'sum' then registry.factor * of_group.numerator
            when registry.reference_group is null then registry.factor * of_group.ratio
            else registry.factor * (of_group.ratio - of_reference.ratio)
        end as value,
        case
            when registry.interval_kind = 'cluster' and registry.reference_group is null
                then registry.factor * of_group.ratio_se
            when registry.interval_kind = 'cluster'
                then
                    registry.factor * sqrt(
                        of_group.ratio_se * of_group.ratio_se + of_reference.ratio_se * of_reference.ratio_se
                    )
        end as se,
        case when registry.statistic <> 'sum' then of_group.denominator end as base_n,
        of_group.members_n,
        of_group.schools_n
    from of_group
    inner join registry on of_group.indicator_id = registry.indicator_id
    left join of_reference
        on of_group.indicator_id = of_reference.indicator_id
        and of_group.school_year = of_reference.school_year and of_group.period = of_reference.period
),

of_estimates as (
    select
        registry.indicator_id, estimates.unit_type, estimates.unit_id, estimates.school_year,
        estimates.period,
        cast(null as double) as numerator, cast(null as double) as denominator,
        cast(null as double) as reference_value,
        registry.factor * estimates.value as value,
        registry.factor * estimates.se as se,
        estimates.base_n,
        cast(null as bigint) as members_n,
        cast(null as bigint) as schools_n
    from {{ ref('int_indicator_estimate') }} as estimates
    inner join registry on estimates.measure_id = registry.measure_id and registry.statistic = 'estimate'
),

known as (
    select * from of_sums
    union all
    select * from of_estimates
),

-- every indicator has a row of the region in every year, if only to say what is missing
absent as (
    select registry.indicator_id, years.school_year
    from registry
    cross join years
    left join known
        on registry.indicator_id = known.indicator_id and years.school_year = known.school_year
        and known.unit_type = 'region'
    where known.indicator_id is null
),

complete as (
    select * from known
    union all
    select
        indicator_id, 'region', '{{ var("region_code") }}', school_year, 'year', null, null, null, null, null,
        null, null, null
    from absent
),

final as (
    select
        complete.*,
        case
            when registry.interval_kind = 'wilson'
                then registry.factor * {{ wilson_low('complete.numerator', 'complete.denominator') }}
            else complete.value - {{ z }} * complete.se
        end as ci_low,
        case
            when registry.interval_kind = 'wilson'
                then registry.factor * {{ wilson_high('complete.numerator', 'complete.denominator') }}
            else complete.value + {{ z }} * complete.se
        end as ci_high
    from complete
    inner join registry on complete.indicator_id = registry.indicator_id
)

select * from final
