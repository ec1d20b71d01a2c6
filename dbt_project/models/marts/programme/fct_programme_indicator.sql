-- Indicators of the support programmes by school, municipality, programme and region, each year and period. A
-- share is compared with its target in whole numbers. The change is against the same period of the year
-- before, or against the period before where the registry says so (waves of a survey); it is rising or
-- falling where it exceeds its error, and where nothing is sampled by the numbers themselves. The trend is
-- the weighted slope over the last three years.
{% set z = normal_quantile() | trim %}
with indicator_values as (
    select
        *,
        (ci_high - ci_low) / (2 * {{ z }}) as error
    from {{ ref('int_indicator_value') }}
),

registry as (
    select * from {{ ref('programme_indicator') }}
),

missing as (
    select * from {{ ref('int_indicator_missing') }}
),

targets as (
    select
        indicator_values.indicator_id, indicator_values.unit_type, indicator_values.unit_id,
        indicator_values.school_year, indicator_values.period,
        targets.comparison, targets.target,
        row_number() over (
            partition by
                indicator_values.indicator_id, indicator_values.unit_type, indicator_values.unit_id,
                indicator_values.school_year, indicator_values.period
            order by
                case when targets.unit_id is null then 1 else 0 end,
                case when targets.unit_type is null then 1 else 0 end,
                targets.from_year desc
        ) as target_rank
    from indicator_values
    inner join {{ ref('programme_indicator_target') }} as targets
        on indicator_values.indicator_id = targets.indicator_id
        and indicator_values.school_year between targets.from_year and targets.to_year
        and coalesce(targets.unit_type, indicator_values.unit_type) = indicator_values.unit_type
        and coalesce(targets.unit_id, indicator_values.unit_id) = indicator_values.unit_id
),

in_series as (
    select
        indicator_values.*,
        registry.factor * indicator_values.numerator as scaled,
        registry.polarity, registry.interval_kind, registry.least_n,
        registry.compare_with, registry.reference_group,
        case
            when registry.compare_with = 'year' then indicator_values.period
            else ''
        end as series
    from indicator_values
    inner join registry on indicator_values.indicator_id = registry.indicator_id
),

compared as (
    select
        *,
        lag(value) over before_this as last_value,
        lag(error) over before_this as last_error,
        lag(school_year) over before_this as last_year
    from in_series
    window before_this as (
        partition by indicator_id, unit_type, unit_id, series
        order by school_year, period
    )
),

changed as (
    select
        *,
        case
            when last_year = school_year - 1 or (compare_with = 'period' and last_year = school_year)
                then last_value
        end as previous_value,
        case
            when last_year = school_year - 1 or (compare_with = 'period' and last_year = school_year)
                then value - last_value
        end as change,
        sqrt(error * error + last_error * last_error) as change_error
    from compared
),

-- weights 1 / error², years counted from the last
points as (
    select
        now.indicator_id, now.unit_type, now.unit_id, now.school_year, now.period,
        earlier.school_year - now.school_year as t,
        earlier.value as y,
        1 / (earlier.error * earlier.error) as w
    from in_series as now
    inner join in_series as earlier
        on now.indicator_id = earlier.indicator_id and now.unit_type = earlier.unit_type
        and now.unit_id = earlier.unit_id and now.period = earlier.period
        and earlier.school_year between now.school_year - 2 and now.school_year
    where now.compare_with = 'year' and earlier.value is not null and earlier.error > 0
),

trend_sums as (
    select
        indicator_id, unit_type, unit_id, school_year, period,
        {{ exact_sum('w') }} as w,
        {{ exact_sum('w * t') }} as wt,
        {{ exact_sum('w * y') }} as wy,
        {{ exact_sum('w * t * t') }} as wtt,
        {{ exact_sum('w * t * y') }} as wty
    from points
    group by indicator_id, unit_type, unit_id, school_year, period
    having count(*) = 3
),

trends as (
    select
        indicator_id, unit_type, unit_id, school_year, period,
        (wty - wt * wy / w) / (wtt - wt * wt / w) as trend,
        1 / sqrt(wtt - wt * wt / w) as trend_se
    from trend_sums
),

final as (
    select
        changed.unit_type, changed.unit_id, changed.indicator_id, changed.school_year, changed.period,
        changed.numerator, changed.denominator, changed.value, changed.ci_low, changed.ci_high,
        changed.reference_value,
        targets.comparison, cast(targets.target as double) as target,
        case
            when changed.value is null then 'no_value'
            when changed.base_n < changed.least_n then 'too_few'
            when targets.target is null then 'no_target'
            when
                case
                    when changed.denominator is null or changed.reference_group is not null
                        then
                            case targets.comparison
                                when 'at_least' then changed.value >= targets.target
                                when 'at_most' then changed.value <= targets.target
                                when 'above' then changed.value > targets.target
                                else changed.value < targets.target
                            end
                    else
                        case targets.comparison
                            when 'at_least' then changed.scaled >= targets.target * changed.denominator
                            when 'at_most' then changed.scaled <= targets.target * changed.denominator
                            when 'above' then changed.scaled > targets.target * changed.denominator
                            else changed.scaled < targets.target * changed.denominator
                        end
                end
                then 'met'
            else 'not_met'
        end as verdict,
        (changed.ci_low > targets.target or changed.ci_high < targets.target) as is_confirmed,
        changed.previous_value, changed.change,
        case
            when changed.change is null then 'no_value'
            when changed.interval_kind = 'none' and changed.change > 0 then 'rising'
            when changed.interval_kind = 'none' and changed.change < 0 then 'falling'
            when changed.change > {{ z }} * changed.change_error then 'rising'
            when changed.change < -{{ z }} * changed.change_error then 'falling'
            else 'stable'
        end as change_verdict,
        trends.trend, trends.trend_se,
        case
            when trends.trend is null then 'too_few'
            when trends.trend > {{ z }} * trends.trend_se then 'rising'
            when trends.trend < -{{ z }} * trends.trend_se then 'falling'
            else 'stable'
        end as trend_verdict,
        changed.polarity,
        changed.members_n, changed.schools_n,
        case when changed.value is null then missing.missing_contract end as missing_contract,
        case
            when changed.value is null and missing.missing_contract is not null then 'O'
            when changed.value is null then 'L'
            when changed.base_n < changed.least_n then 'U'
            else 'A'
        end as obs_status
    from changed
    left join targets
        on changed.indicator_id = targets.indicator_id and changed.unit_type = targets.unit_type
        and changed.unit_id = targets.unit_id and changed.school_year = targets.school_year
        and changed.period = targets.period and targets.target_rank = 1
    left join trends
        on changed.indicator_id = trends.indicator_id and changed.unit_type = trends.unit_type
        and changed.unit_id = trends.unit_id and changed.school_year = trends.school_year
        and changed.period = trends.period
    left join missing
        on changed.indicator_id = missing.indicator_id and changed.unit_type = missing.unit_type
        and changed.unit_id = missing.unit_id and changed.school_year = missing.school_year
)

select * from final
