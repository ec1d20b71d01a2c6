-- Results of schools over the sets of assessments that the seed names. z_score: students' results in standard
-- deviations of the region, added up; below_min: students under the minimum; national_below_min: the same
-- above what the country's share, as printed by the federal report, would give.
with units as (
    select * from {{ ref('int_assessment_unit') }}
    where subgroup = 'all'
),

assessments as (
    select * from {{ ref('int_assessment') }}
),

sets as (
    select * from {{ ref('programme_indicator_set') }}
),

schools as (
    select * from units
    where unit_type = 'school'
),

region as (
    select
        assessment_id,
        score_sum / scored_n as mean_score,
        (score_square_sum - score_sum * score_sum / scored_n) / (scored_n - 1) as score_variance
    from units
    where unit_type = 'region' and scored_n > 1 and score_square_sum is not null
),

within_schools as (
    select
        assessment_id,
        {{ exact_sum('score_square_sum - score_sum * score_sum / scored_n') }} / nullif(sum(scored_n - 1), 0)
            as within_variance
    from schools
    where scored_n > 0 and score_square_sum is not null
    group by assessment_id
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
            '(schools.score_sum - schools.scored_n * region.mean_score) / sqrt(region.score_variance)'
        ) }} as numerator,
        sum(schools.scored_n) as denominator,
        {{ exact_sum('schools.scored_n * within_schools.within_variance / region.score_variance') }}
            as numerator_variance
    from schools
    inner join assessments_of_sets on schools.assessment_id = assessments_of_sets.assessment_id
    inner join region on schools.assessment_id = region.assessment_id
    inner join within_schools on schools.assessment_id = within_schools.assessment_id
    where schools.scored_n > 0 and region.score_variance > {{ least_variance() }}
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
