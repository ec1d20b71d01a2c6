-- Indicators that no sum over schools gives: variance between schools, the slope of results on the social
-- index, change a year. Value, its error and what it rests on, by unit.
{% set region = "'" ~ var('region_code') ~ "'" %}
with assessments as (
    select * from {{ ref('int_assessment') }}
),

sets as (
    select * from {{ ref('programme_indicator_set') }}
),

variances as (
    select
        assessments.school_year, sets.set_id, variances.scored_n, variances.icc, variances.icc_se,
        variances.tau2, variances.tau2_se
    from {{ source('scales', 'variance') }} as variances
    inner join assessments on variances.assessment_id = assessments.assessment_id
    inner join sets
        on assessments.kind = sets.kind and assessments.subject = sets.subject
        and (sets.grade is null or assessments.grade = sets.grade)
    where variances.status = 'ok' and assessments.testing_window is null
),

-- means over the assessments of a set, by their students; their errors as of independent assessments
pooled as (
    select
        school_year, set_id,
        {{ exact_sum('scored_n * icc') }} / sum(scored_n) as icc,
        sqrt({{ exact_sum('scored_n * scored_n * icc_se * icc_se') }}) / sum(scored_n) as icc_se,
        {{ exact_sum('scored_n * tau2') }} / sum(scored_n) as tau2,
        sqrt({{ exact_sum('scored_n * scored_n * tau2_se * tau2_se') }}) / sum(scored_n) as tau2_se,
        sum(scored_n) as base_n
    from variances
    group by school_year, set_id
),

-- weighted least squares of schools' mean z on the index, weights the students
points as (
    select
        results.school_year, results.denominator as weight,
        results.numerator / results.denominator as y,
        context.social_index as x
    from {{ ref('int_indicator_result') }} as results
    inner join {{ ref('fct_school_context') }} as context
        on results.school_id = context.school_id and results.school_year = context.school_year
    where results.measure_id = 'z_score_main' and context.social_index is not null
),

sums as (
    select
        school_year, count(*) as schools_n,
        {{ exact_sum('weight') }} as w,
        {{ exact_sum('weight * x') }} as wx,
        {{ exact_sum('weight * y') }} as wy,
        {{ exact_sum('weight * x * x') }} as wxx,
        {{ exact_sum('weight * x * y') }} as wxy,
        {{ exact_sum('weight * y * y') }} as wyy
    from points
    group by school_year
),

moments as (
    select
        school_year, schools_n,
        wxx - wx * wx / w as sxx,
        wxy - wx * wy / w as sxy,
        wyy - wy * wy / w as syy
    from sums
),

slopes as (
    select
        school_year, schools_n,
        sxy / sxx as slope,
        sqrt(greatest(syy - sxy * sxy / sxx, 0) / (schools_n - 2) / sxx) as slope_se
    from moments
    where schools_n > 2 and sxx > {{ least_variance() }}
),

dynamics as (
    select
        measures.measure_id, dynamics.unit_type, dynamics.unit_id, dynamics.end_year, dynamics.slope,
        dynamics.slope_se, dynamics.years_n
    from {{ ref('msr_dynamics') }} as dynamics
    inner join {{ ref('programme_indicator_dynamics') }} as measures
        on dynamics.kind = measures.kind and dynamics.subject = measures.subject
        and dynamics.grade = measures.grade
    where dynamics.slope is not null and dynamics.verdict <> 'too_few'
),

final as (
    {% for measure, set_id, value in [
        ('icc_main', 'main', 'icc'), ('icc_gia', 'gia', 'icc'), ('between_variance_oge', 'oge', 'tau2'),
    ] %}
    select
        '{{ measure }}' as measure_id, 'region' as unit_type, {{ region }} as unit_id, school_year,
        'year' as period, {{ value }} as value, {{ value }}_se as se, cast(base_n as double) as base_n
    from pooled
    where set_id = '{{ set_id }}'
    union all
    {% endfor %}
    select
        'social_slope', 'region', {{ region }}, school_year, 'year', slope, slope_se,
        cast(schools_n as double)
    from slopes
    union all
    select measure_id, unit_type, unit_id, end_year, 'year', slope, slope_se, cast(years_n as double)
    from dynamics
)

select * from final
