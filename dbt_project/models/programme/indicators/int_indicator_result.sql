-- Results of schools over the sets of assessments that the seed names. z_score: students' results in standard
-- deviations of the region, added up; below_min: students under the minimum; national_below_min: the same
-- above what the country's share, as printed by the federal report, would give.
with assessments as (
    select * from {{ ref('int_assessment') }}
),

sets as (
    select * from {{ ref('programme_indicator_set') }}
),

schools as (
    select * from {{ ref('int_assessment_unit') }}
    where subgroup = 'all' and unit_type = 'school'
),

spreads as (
    select * from {{ ref('int_assessment_spread') }}
),

national as (
    select assessment_id, max(mark_2_pct) / 100 as below_share
    from {{ ref('stg_control_total') }}
    where unit_type = 'country' and printed_table = 'marks'
    group by assessment_id
),

assessments_of_sets as (
    select sets.set_id, assessments.assessment_id
    from assessments
    inner join sets
        on assessments.kind = sets.kind and assessments.subject = sets.subject
        and (sets.grade is null or assessments.grade = sets.grade)
    where assessments.testing_window is null
),

scored as (
    select
        assessments_of_sets.set_id, schools.school_id, schools.school_year,
        {{ exact_sum(
            '(schools.score_sum - schools.scored_n * spreads.mean_score) / sqrt(spreads.score_variance)'
        ) }} as numerator,
        sum(schools.scored_n) as denominator,
        {{ exact_sum('schools.scored_n * spreads.within_variance / spreads.score_variance') }}
            as numerator_variance
    from schools
    inner join assessments_of_sets on schools.assessment_id = assessments_of_sets.assessment_id
    inner join spreads on schools.assessment_id = spreads.assessment_id
    where schools.scored_n > 0
    group by assessments_of_sets.set_id, schools.school_id, schools.school_year
),

judged as (
    select
        assessments_of_sets.set_id, schools.school_id, schools.school_year,
        sum(schools.below_min_n) as numerator,
        sum(schools.judged_n) as denominator
    from schools
    inner join assessments_of_sets on schools.assessment_id = assessments_of_sets.assessment_id
    where schools.judged_n > 0
    group by assessments_of_sets.set_id, schools.school_id, schools.school_year
),

against_country as (
    select
        schools.school_id, schools.school_year,
        {{ exact_sum('schools.below_min_n - schools.judged_n * national.below_share') }} as numerator,
        sum(schools.judged_n) as denominator,
        {{ exact_sum('schools.judged_n * national.below_share * (1 - national.below_share)') }}
            as numerator_variance
    from schools
    inner join national on schools.assessment_id = national.assessment_id
    where schools.judged_n > 0
    group by schools.school_id, schools.school_year
),

final as (
    select
        'z_score_' || set_id as measure_id, school_id, school_year, 'year' as period, numerator,
        cast(denominator as double) as denominator, numerator_variance
    from scored
    union all
    select
        'below_min_' || set_id, school_id, school_year, 'year', cast(numerator as double),
        cast(denominator as double), null
    from judged
    union all
    {{ school_measure('against_country', 'national_below_min', 'numerator', 'denominator',
        variance='numerator_variance') }}
)

select * from final
