-- Resilient schools: the index in its lowest part, the result above the region's mean and above what is
-- expected in such conditions, in enough years of the last three. chance_share is the probability of as much
-- for a school that is exactly as expected.
with parameters as (
    select
        max(case when parameter = 'resilient_lowest_pct' then cast(value as double) end) as lowest_pct,
        max(case when parameter = 'resilient_years_n' then value end) as years_needed_n
    from {{ ref('context_parameter') }}
),

indices as (
    select * from {{ source('programme', 'social_index') }}
),

results as (
    select * from {{ source('programme', 'year_result') }}
    where subject = 'all' and residual_z_se is not null
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

judged as (
    select
        indices.school_id,
        indices.school_year,
        indices.social_index,
        results.modelled_n as results_n,
        results.modelled_z as z_score,
        results.residual_z,
        results.residual_z_se,
        results.ci_low,
        results.ci_high,
        results.modelled_z > 0 as is_above_mean,
        results.ci_low > 0 as is_above_expected,
        indices.social_index_percentile <= parameters.lowest_pct as is_lowest_part,
        case
            when indices.social_index_percentile <= parameters.lowest_pct then results.chance_share else 0.0
        end as chance_share,
        parameters.years_needed_n
    from indices
    inner join results
        on indices.school_id = results.school_id and indices.school_year = results.school_year
    cross join parameters
    where indices.social_index is not null
),

years as (
    select *, is_lowest_part and is_above_mean and is_above_expected as is_met
    from judged
),

-- sums of the chances, of their squares and cubes: all that the chance of k years of three needs
windows as (
    select
        years.school_id,
        years.school_year,
        count(*) as years_n,
        count(case when past.is_met then 1 end) as years_met_n,
        {{ exact_sum('past.chance_share') }} as first_sum,
        {{ exact_sum('power(past.chance_share, 2)') }} as second_sum,
        {{ exact_sum('power(past.chance_share, 3)') }} as third_sum
    from years
    inner join years as past
        on years.school_id = past.school_id
        and past.school_year between years.school_year - 2 and years.school_year
    group by years.school_id, years.school_year
),

chances as (
    select
        *,
        (first_sum * first_sum - second_sum) / 2 as two_years,
        power(first_sum, 3) / 6 - first_sum * second_sum / 2 + third_sum / 3 as three_years
    from windows
),

final as (
    select
        years.school_id,
        school_years.k_school,
        school_years.school_year,
        years.social_index,
        years.is_lowest_part,
        cast(years.results_n as integer) as results_n,
        years.z_score,
        years.residual_z,
        years.residual_z_se,
        years.ci_low,
        years.ci_high,
        years.is_above_mean,
        years.is_above_expected,
        years.is_met,
        years.chance_share,
        cast(chances.years_n as integer) as years_n,
        cast(chances.years_met_n as integer) as years_met_n,
        case
            when chances.years_n >= years.years_needed_n
                then chances.years_met_n >= years.years_needed_n
        end as is_resilient,
        case
            when chances.years_n < years.years_needed_n then null
            when years.years_needed_n = 1
                then round(chances.first_sum - chances.two_years + chances.three_years, 10)
            when years.years_needed_n = 2 then round(chances.two_years - 2 * chances.three_years, 10)
            else round(chances.three_years, 10)
        end as chance_resilient_share
    from years
    inner join chances
        on years.school_id = chances.school_id and years.school_year = chances.school_year
    inner join school_years
        on years.school_id = school_years.school_id and years.school_year = school_years.school_year
)

select * from final
