-- Conditions on where a school's result stands among the region's schools (standing), or its mean result
-- over the whole set of assessments among the schools of its social cluster (cluster_standing): the per cent
-- of the other schools that are below it, compared in integers. Both look only at schools with the least
-- number of results. The bounds are the standings of the bounds of its interval; a mean without an error has
-- none, and is never confirmed.
{% set keys = ['rule_id', 'rule_version', 'school_year', 'branch', 'requirement', 'years_before', 'series'] %}
with conditions as (
    select * from {{ ref('int_rule_condition') }}
    where measure in ('standing', 'cluster_standing')
),

results as (
    select * from {{ ref('int_identification_result') }}
    where scored_n > 0
),

clusters as (
    select school_id, school_year, quantile as social_cluster from {{ ref('fct_school_context') }}
    where quantile is not null
),

asked as (
    select
        conditions.rule_id, conditions.rule_version, conditions.school_year, conditions.branch,
        conditions.requirement, conditions.years_before, conditions.condition_set, conditions.measure,
        conditions.comparison, conditions.threshold, conditions.subject_group, conditions.least_n,
        results.school_id, results.series, results.assessment_id, results.is_inherited,
        results.scored_n as n, results.mean_score, results.se
    from conditions
    inner join results
        on conditions.school_year = results.school_year
        and conditions.years_before = results.years_before
        and conditions.kind = results.kind and conditions.subject = results.subject
        and coalesce(conditions.grade, results.grade) = results.grade
        and coalesce(conditions.testing_window, results.testing_window, '')
        = coalesce(results.testing_window, '')
        and not (conditions.drops_flagged and results.is_flagged)
),

centred as (
    select
        *,
        mean_score - {{ exact_sum('mean_score', 'over assessment') }} / count(mean_score) over assessment
            as deviation
    from asked
    where measure = 'cluster_standing' and n >= least_n
    window assessment as (partition by {{ keys | join(', ') }})
),

spread as (
    select
        *,
        sqrt({{ exact_sum('power(deviation, 2)', 'over assessment') }} / count(deviation) over assessment)
            as sd
    from centred
    window assessment as (partition by {{ keys | join(', ') }})
),

standardised as (
    select
        *,
        deviation / nullif(sd, 0) as z_mean,
        se / nullif(sd, 0) as z_se
    from spread
),

single as (
    select
        rule_id, rule_version, school_year, branch, requirement, years_before, measure, comparison,
        threshold, subject_group, school_id, series, assessment_id, is_inherited, n, mean_score as mean_value,
        se, series as population, n >= least_n as is_known
    from asked
    where measure = 'standing'
),

whole_set as (
    select
        standardised.rule_id, standardised.rule_version, standardised.school_year, standardised.branch,
        standardised.requirement, standardised.years_before, standardised.measure, standardised.comparison,
        standardised.threshold, standardised.condition_set as subject_group, standardised.school_id,
        standardised.condition_set as series, cast(null as {{ dbt.type_string() }}) as assessment_id,
        max(case when standardised.is_inherited then 1 else 0 end) = 1 as is_inherited,
        sum(standardised.n) as n,
        {{ exact_sum('standardised.z_mean') }} / count(standardised.z_mean) as mean_value,
        sqrt({{ exact_sum('power(standardised.z_se, 2)') }}) / count(standardised.z_mean) as se,
        cast(clusters.social_cluster as {{ dbt.type_string() }}) as population,
        true as is_known
    from standardised
    inner join clusters
        on standardised.school_id = clusters.school_id
        and standardised.school_year - standardised.years_before = clusters.school_year
    group by
        standardised.rule_id, standardised.rule_version, standardised.school_year, standardised.branch,
        standardised.requirement, standardised.years_before, standardised.measure,
        standardised.comparison, standardised.threshold, standardised.condition_set,
        standardised.school_id, clusters.social_cluster
),

standings as (
    select
        *,
        mean_value - {{ normal_quantile() }} * se as ci_low,
        mean_value + {{ normal_quantile() }} * se as ci_high
    from single
    union all
    select
        *,
        mean_value - {{ normal_quantile() }} * se as ci_low,
        mean_value + {{ normal_quantile() }} * se as ci_high
    from whole_set
),

known as (
    select * from standings
    where is_known and population is not null
),

-- the schools' means, and among them what is looked up: each mean and each bound. A value comes before the
-- means that equal it, so that the means before it are those below. Pairs of schools are never made: they
-- would be quadratic.
looked_up as (
    {% for looked, value in [('school', 'mean_value'), ('mean', 'mean_value'), ('low', 'ci_low'),
        ('high', 'ci_high')] %}
    select
        {{ keys | join(', ') }}, population, school_id,
        '{{ looked }}' as looked, {{ value }} as value, {{ 1 if looked == 'school' else 0 }} as school_n
    from known
    where {{ value }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        {{ keys | join(', ') }}, school_id, looked,
        sum(school_n) over (
            partition by {{ keys | join(', ') }}, population
            order by value asc, school_n asc
            rows between unbounded preceding and current row
        ) as below_n
    from looked_up
),

below as (
    select
        {{ keys | join(', ') }}, school_id,
        max(case when looked = 'mean' then below_n end) as below_n,
        max(case when looked = 'low' then below_n end) as below_low_n,
        max(case when looked = 'high' then below_n end) as below_high_n
    from counted
    where looked <> 'school'
    group by {{ keys | join(', ') }}, school_id
),

compared as (
    select
        {% for key in keys %}
        known.{{ key }},
        {% endfor %}
        known.school_id,
        count(*) over (
            partition by
                {% for key in keys %}
                known.{{ key }},
                {% endfor %}
                known.population
        ) - 1 as others_n,
        coalesce(below.below_n, 0) as below_n,
        below.below_low_n,
        -- the school itself is below the upper bound of its mean, and is not one of the others
        below.below_high_n - case when known.mean_value < known.ci_high then 1 else 0 end as below_high_n
    from known
    left join below
        on known.school_id = below.school_id
        {% for key in keys %}
        and known.{{ key }} = below.{{ key }}
        {% endfor %}
),

judged as (
    select
        standings.*,
        100e0 * compared.below_n / compared.others_n as observed,
        compared.below_n as numerator,
        standings.is_known and compared.others_n is not null as is_decided,
        {{ compares('standings.comparison', '100 * compared.below_n',
            'standings.threshold * compared.others_n') }} as is_point,
        {{ compares(
            'standings.comparison',
            toward('standings.comparison', '100 * compared.below_low_n', '100 * compared.below_high_n'),
            'standings.threshold * compared.others_n'
        ) }} as is_confirmed,
        {{ compares(
            'standings.comparison',
            toward('standings.comparison',
                '100 * compared.below_n + ' ~ near_points() ~ ' * compared.others_n',
                '100 * compared.below_n - ' ~ near_points() ~ ' * compared.others_n'),
            'standings.threshold * compared.others_n'
        ) }} as is_near
    from standings
    left join compared
        on standings.rule_id = compared.rule_id and standings.rule_version = compared.rule_version
        and standings.school_year = compared.school_year and standings.branch = compared.branch
        and standings.requirement = compared.requirement
        and standings.years_before = compared.years_before
        and standings.series = compared.series and standings.school_id = compared.school_id
        and compared.others_n > 0
),

final as (
    select
        *,
        -- how far, in its errors, the school is on the met side of the result where the condition begins
        case
            when comparison in ('ge', 'gt')
                then
                    (mean_value - min(case when is_point then mean_value end) over population)
                    / nullif(se, 0)
            else ((max(case when is_point then mean_value end) over population) - mean_value) / nullif(se, 0)
        end as margin_z
    from judged
    window population as (
        partition by
            rule_id, rule_version, school_year, branch, requirement, years_before, series, population
    )
)

select * from final
