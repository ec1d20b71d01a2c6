-- Results that speak for a school in the year it is judged and the years before: its own, pooled with those
-- of the schools it took over. Unsuppressed.
with lineage as (
    select * from {{ ref('int_school_lineage') }}
),

schools as (
    select * from {{ ref('int_identification_school') }}
),

assessments as (
    select * from {{ ref('dim_assessment') }}
),

flagged as (
    select distinct school_id, assessment_id
    from {{ ref('fct_objectivity_flag') }}
    where flagged and basis = 'official' and is_official
),

results as (
    select
        units.school_id, units.school_year, units.assessment_id,
        assessments.kind, assessments.subject, assessments.grade, assessments.testing_window,
        coalesce(units.judged_n, 0) as judged_n,
        coalesce(units.below_min_n, 0) as below_min_n,
        case when units.mean_score is not null then units.tested_n end as scored_n,
        units.mean_score, units.se,
        flagged.school_id is not null as is_flagged
    from {{ ref('fct_assessment_aggregate') }} as units
    inner join assessments on units.assessment_id = assessments.assessment_id
    left join flagged
        on units.school_id = flagged.school_id and units.assessment_id = flagged.assessment_id
    where units.unit_type = 'school' and units.subgroup = 'all' and units.tested_n > 0
),

pooled as (
    select
        schools.school_id,
        schools.school_year,
        schools.school_year - results.school_year as years_before,
        results.assessment_id, results.kind, results.subject, results.grade, results.testing_window,
        sum(results.judged_n) as judged_n,
        sum(results.below_min_n) as below_min_n,
        sum(results.scored_n) as scored_n,
        {{ exact_sum('results.mean_score * results.scored_n') }} / sum(results.scored_n) as mean_score,
        sqrt({{ exact_sum('power(results.se * results.scored_n, 2)') }}) / sum(results.scored_n) as se,
        max(case when results.is_flagged then 1 else 0 end) = 1 as is_flagged,
        max(case when lineage.is_inherited then 1 else 0 end) = 1 as is_inherited
    from schools
    inner join lineage
        on schools.school_id = lineage.school_id and schools.school_year = lineage.school_year
    inner join results
        on lineage.source_school_id = results.school_id
        and schools.school_year >= results.school_year
        and schools.school_year - {{ rule_years_most() }} < results.school_year
    group by
        schools.school_id, schools.school_year, results.school_year, results.assessment_id, results.kind,
        results.subject, results.grade, results.testing_window
),

final as (
    select
        *,
        kind || '-' || subject || '-' || cast(grade as {{ dbt.type_string() }})
        || case when coalesce(testing_window, '') = '' then '' else '-' || testing_window end as series
    from pooled
)

select * from final
