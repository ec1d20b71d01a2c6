-- Measures that rest on other measures rather than on rows: what a school's number is made of, and where the
-- rows of that are found (refers_…). A change carries its number with the later year; a verdict on the
-- dynamics of a subject with the last assessment. Estimates add to no sum: theirs are all zero.
with facts as (
    select * from {{ ref('int_indicator_fact') }}
),

changes as (
    select
        facts.*,
        replace(facts.measure_id, '_improved', '_rate') as refers_measure_id
    from facts
    where facts.measure_id in ('success_improved', 'quality_improved')
),

assessments as (
    select * from {{ ref('int_assessment') }}
    where testing_window is null
),

of_schools as (
    select assessment_id, school_id from {{ ref('int_assessment_unit') }}
    where unit_type = 'school' and subgroup = 'all' and scored_n > 0
),

sets as (
    select * from {{ ref('programme_indicator_set') }}
),

dynamics as (
    select * from {{ ref('msr_dynamics') }}
),

verdicts as (
    select distinct
        dynamics.unit_id as school_id, dynamics.end_year, dynamics.first_year, dynamics.kind,
        dynamics.subject, dynamics.grade, dynamics.verdict
    from dynamics
    inner join sets
        on dynamics.kind = sets.kind and dynamics.subject = sets.subject and dynamics.grade = sets.grade
    where
        sets.set_id = 'gia' and dynamics.unit_type = 'school'
        and dynamics.verdict in ('rising', 'stable', 'falling')
),

series as (
    select
        verdicts.school_id, verdicts.end_year, verdicts.grade, verdicts.verdict,
        assessments.assessment_id, assessments.school_year,
        row_number() over (
            partition by
                verdicts.school_id, verdicts.end_year, verdicts.kind, verdicts.subject, verdicts.grade
            order by assessments.school_year desc
        ) = 1 as is_carrier
    from verdicts
    inner join assessments
        on verdicts.kind = assessments.kind and verdicts.subject = assessments.subject
        and verdicts.grade = assessments.grade
        and assessments.school_year between verdicts.first_year and verdicts.end_year
    inner join of_schools
        on assessments.assessment_id = of_schools.assessment_id and verdicts.school_id = of_schools.school_id
),

spans as (
    select kind, subject, grade, end_year, min(first_year) as first_year
    from dynamics
    where slope is not null
    group by kind, subject, grade, end_year
),

of_slopes as (
    select
        measures.measure_id, of_schools.school_id, spans.end_year, assessments.assessment_id,
        assessments.school_year
    from {{ ref('programme_indicator_dynamics') }} as measures
    inner join spans
        on measures.kind = spans.kind and measures.subject = spans.subject and measures.grade = spans.grade
    inner join assessments
        on spans.kind = assessments.kind and spans.subject = assessments.subject
        and spans.grade = assessments.grade
        and assessments.school_year between spans.first_year and spans.end_year
    inner join of_schools on assessments.assessment_id = of_schools.assessment_id
),

of_variances as (
    select
        measures.measure_id, of_schools.school_id, assessments.assessment_id, assessments.school_year,
        assessments.school_year as assessment_year
    from (
        select 'icc_main' as measure_id, 'main' as set_id
        union all
        select 'icc_gia', 'gia'
        union all
        select 'between_variance_oge', 'oge'
    ) as measures
    inner join sets on measures.set_id = sets.set_id
    inner join assessments
        on sets.kind = assessments.kind and sets.subject = assessments.subject
        and (sets.grade is null or sets.grade = assessments.grade)
    inner join of_schools on assessments.assessment_id = of_schools.assessment_id
),

on_index as (
    select facts.school_id, facts.school_year, context.school_year as index_year
    from facts
    inner join {{ ref('fct_school_context') }} as context
        on facts.school_id = context.school_id and facts.school_year = context.school_year
    where facts.measure_id = 'z_score_main' and context.social_index is not null
),

final as (
    {% for years_before, share in [(0, 1), (1, 0)] %}
    select
        measure_id, school_id, school_year, period,
        refers_measure_id, cast(null as {{ dbt.type_string() }}) as refers_assessment_id,
        school_year - {{ years_before }} as refers_year, period as refers_period,
        {{ share }} * numerator as numerator, {{ share }} * denominator as denominator
    from changes
    union all
    {% endfor %}
    select
        'dynamics_rising_' || cast(grade as {{ dbt.type_string() }}), school_id, end_year, 'year',
        'mean_score', assessment_id, school_year, 'year',
        cast(case when is_carrier and verdict = 'rising' then 1 else 0 end as double),
        cast(case when is_carrier then 1 else 0 end as double)
    from series
    union all
    select
        measure_id, school_id, end_year, 'year', 'mean_score', assessment_id, school_year, 'year', 0, 0
    from of_slopes
    union all
    select
        measure_id, school_id, school_year, 'year', 'mean_score', assessment_id, assessment_year, 'year', 0, 0
    from of_variances
    {% for measure in ['z_score_main', 'social_index'] %}
    union all
    select 'social_slope', school_id, school_year, 'year', '{{ measure }}', null, index_year, 'year', 0, 0
    from on_index
    {% endfor %}
)

select * from final
