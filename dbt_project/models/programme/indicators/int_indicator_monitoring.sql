-- Confirmation of monitoring. progress: students whose level at the final diagnostic is at least that at the
-- input one; agreement: how far the levels of the final diagnostic and of the exam of the same subject and
-- year overlap in a school, which needs no link between the persons of both; study_…: difference of a
-- school's standing (z) between two studies.
with assessments as (
    select * from {{ ref('int_assessment') }}
),

progress as (
    select
        school_id, school_year,
        count(*) as students_n,
        sum(case when is_held then 1 else 0 end) as held_n
    from {{ ref('int_level_pair') }}
    group by school_id, school_year
),

units as (
    select
        units.*,
        assessments.kind, assessments.subject, assessments.grade
    from {{ ref('int_assessment_unit') }} as units
    inner join assessments on units.assessment_id = assessments.assessment_id
    where
        units.subgroup = 'all' and units.unit_type = 'school'
        and coalesce(assessments.testing_window, 'final') = 'final'
),

spreads as (
    select * from {{ ref('int_assessment_spread') }}
),

standings as (
    select
        units.school_id, units.school_year, units.kind, units.subject, units.grade, units.scored_n,
        units.marked_n, units.mark_2_n, units.mark_3_n, units.mark_4_n, units.mark_5_n,
        (units.score_sum / units.scored_n - spreads.mean_score) / sqrt(spreads.score_variance) as z_score,
        spreads.within_variance / spreads.score_variance / units.scored_n as z_variance
    from units
    inner join spreads on units.assessment_id = spreads.assessment_id
    where units.scored_n > 0
),

paired as (
    select
        studies.measure_id, one.school_id, one.school_year,
        least(one.scored_n, other.scored_n) as students_n,
        one.z_score - other.z_score as z_difference,
        one.z_variance + other.z_variance as difference_variance,
        one.marked_n as diagnostic_n,
        other.marked_n as exam_n,
        {% for mark in [2, 3, 4, 5] %}
        least(
            1e0 * one.mark_{{ mark }}_n / nullif(one.marked_n, 0),
            1e0 * other.mark_{{ mark }}_n / nullif(other.marked_n, 0)
        ) {{ '+' if not loop.last }}
        {% endfor %}
            as overlap_share
    from {{ ref('programme_indicator_study') }} as studies
    inner join standings as one
        on studies.kind = one.kind and studies.subject = one.subject and studies.grade = one.grade
    inner join standings as other
        on studies.other_kind = other.kind and studies.other_subject = other.subject
        and studies.other_grade = other.grade
        and one.school_id = other.school_id and one.school_year = other.school_year
),

differences as (
    select
        measure_id, school_id, school_year,
        {{ exact_sum('students_n * z_difference') }} as numerator,
        sum(students_n) as denominator,
        {{ exact_sum('students_n * students_n * difference_variance') }} as numerator_variance
    from paired
    group by measure_id, school_id, school_year
),

agreement as (
    select
        school_id, school_year,
        {{ exact_sum('exam_n * overlap_share') }} as numerator,
        sum(exam_n) as denominator
    from paired
    where measure_id = 'study_regional_exam' and diagnostic_n > 0 and exam_n > 0
    group by school_id, school_year
),

final as (
    {{ school_measure('progress', 'monitoring_progress', 'held_n', 'students_n') }}
    union all
    {{ school_measure('agreement', 'monitoring_agreement', 'numerator', 'denominator') }}
    union all
    select
        measure_id, school_id, school_year, 'year' as period, numerator, cast(denominator as double),
        numerator_variance
    from differences
)

select * from final
