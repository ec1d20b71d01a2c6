-- What each rule asks of a school year, written out: one row per rule, year of the results, requirement,
-- year looked at (years_before) and condition. A condition's own measure and threshold go before the
-- requirement's.
with rule_years as (
    select * from {{ ref('int_rule_year') }}
),

requirements as (
    select * from {{ ref('rule_requirement') }}
),

conditions as (
    select * from {{ ref('rule_condition') }}
),

lags as (
    {% for lag in range(rule_years_most()) %}
    select {{ lag }} as years_before {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        rule_years.rule_id, rule_years.rule_version, rule_years.school_year, rule_years.least_n,
        rule_years.drops_flagged, requirements.branch, requirements.requirement, requirements.condition_set,
        requirements.same_by, lags.years_before,
        conditions.kind, conditions.subject, conditions.grade, conditions.testing_window,
        coalesce(conditions.subject_group, conditions.subject) as subject_group,
        coalesce(conditions.measure, requirements.measure) as measure,
        coalesce(conditions.comparison, requirements.comparison) as comparison,
        coalesce(conditions.threshold, requirements.threshold) as threshold
    from rule_years
    inner join requirements
        on rule_years.rule_id = requirements.rule_id and rule_years.rule_version = requirements.rule_version
    inner join conditions on requirements.condition_set = conditions.condition_set
    inner join lags on requirements.years_n > lags.years_before
)

select * from final
