-- Why a label is what it is: every condition that the rule looked at.
with conditions as (
    select * from {{ ref('int_identification_condition') }}
),

schools as (
    select * from {{ ref('int_identification_school') }}
),

final as (
    select
        schools.k_school,
        conditions.school_id,
        conditions.rule_id,
        conditions.rule_version,
        conditions.school_year,
        conditions.branch,
        conditions.requirement,
        conditions.measure || ': ' || conditions.series || ', '
        || cast(conditions.school_year - conditions.years_before as {{ dbt.type_string() }}) as condition,
        conditions.measure,
        conditions.series,
        conditions.assessment_id,
        cast(conditions.school_year - conditions.years_before as integer) as condition_year,
        conditions.observed,
        conditions.comparison,
        conditions.threshold,
        conditions.n,
        conditions.numerator,
        conditions.is_known,
        conditions.met_point as met,
        conditions.met_confirmed,
        conditions.met_near and not conditions.met_point as near_miss,
        case when not conditions.is_known then conditions.pooled_n end as pooled_n,
        case when not conditions.is_known then 100e0 * conditions.pooled_numerator / conditions.pooled_n end
            as pooled_pct,
        conditions.is_inherited
    from conditions
    inner join schools
        on conditions.school_id = schools.school_id and conditions.school_year = schools.school_year
)

select * from final
