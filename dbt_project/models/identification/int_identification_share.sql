{{ config(materialized='view') }}
-- Conditions on results below the minimum: their share, compared in integers, or their number. The share of a
-- school is an estimate, with its Wilson interval and its posterior; a number is what it is.
-- A view: the rows are stored once, among all conditions.
with conditions as (
    select * from {{ ref('int_rule_condition') }}
    where measure in ('below_min_share', 'below_min_count')
),

results as (
    select * from {{ ref('int_identification_result') }}
    where judged_n > 0
),

priors as (
    select * from {{ ref('int_identification_prior') }}
),

choices as (
    select distinct drops_flagged from conditions
),

year_before as (
    select
        results.school_id, results.school_year, results.years_before - 1 as years_before, results.series,
        results.judged_n, results.below_min_n, choices.drops_flagged
    from results
    cross join choices
    where not (choices.drops_flagged and results.is_flagged)
),

bounded as (
    select
        conditions.rule_id, conditions.rule_version, conditions.school_year, conditions.branch,
        conditions.requirement, conditions.years_before, conditions.measure, conditions.comparison,
        conditions.threshold, conditions.subject_group, conditions.least_n,
        results.school_id, results.series, results.assessment_id, results.is_inherited,
        results.judged_n as n,
        results.below_min_n as numerator,
        results.judged_n + coalesce(year_before.judged_n, 0) as pooled_n,
        results.below_min_n + coalesce(year_before.below_min_n, 0) as pooled_numerator,
        priors.alpha + results.below_min_n as posterior_alpha,
        priors.beta + results.judged_n - results.below_min_n as posterior_beta,
        100 * {{ wilson_low('results.below_min_n', 'results.judged_n') }} as low_pct,
        100 * {{ wilson_high('results.below_min_n', 'results.judged_n') }} as high_pct
    from conditions
    inner join results
        on conditions.school_year = results.school_year
        and conditions.years_before = results.years_before
        and conditions.kind = results.kind and conditions.subject = results.subject
        and coalesce(conditions.grade, results.grade) = results.grade
        and coalesce(conditions.testing_window, results.testing_window, '')
        = coalesce(results.testing_window, '')
        and not (conditions.drops_flagged and results.is_flagged)
    inner join priors on results.assessment_id = priors.assessment_id
    left join year_before
        on results.school_id = year_before.school_id and results.school_year = year_before.school_year
        and results.years_before = year_before.years_before and results.series = year_before.series
        and conditions.drops_flagged = year_before.drops_flagged
),

shares as (
    select
        *,
        100e0 * numerator / n as observed,
        n >= least_n as is_known,
        {{ compares('comparison', '100 * numerator', 'threshold * n') }} as is_point,
        {{ compares('comparison', toward('comparison', 'low_pct', 'high_pct'), 'threshold') }}
            as is_confirmed,
        {{ compares(
            'comparison',
            toward('comparison', '100 * numerator + ' ~ near_points() ~ ' * n',
                '100 * numerator - ' ~ near_points() ~ ' * n'),
            'threshold * n'
        ) }} as is_near
    from bounded
    where measure = 'below_min_share'
),

counts as (
    select
        *,
        cast(numerator as double) as observed,
        true as is_known,
        {{ compares('comparison', 'numerator', 'threshold') }} as is_point,
        {{ compares('comparison', 'numerator', 'threshold') }} as is_confirmed,
        {{ compares('comparison', 'numerator', 'threshold') }} as is_near
    from bounded
    where measure = 'below_min_count'
),

{% set columns %}
    school_id, rule_id, rule_version, school_year, branch, requirement, years_before, series, subject_group,
    assessment_id, measure, comparison, threshold, observed, n, numerator, is_known, is_point, is_confirmed,
    is_near, is_inherited, pooled_n, pooled_numerator
{% endset %}
final as (
    select {{ columns }}, posterior_alpha, posterior_beta from shares
    union all
    select {{ columns }}, null, null from counts
)

select * from final
