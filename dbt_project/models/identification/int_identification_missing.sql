-- What a rule looks at in the year and the school has nothing of: assessments without results, signs and
-- figures that aren't known. One row per school, rule and school year that lacks anything.
with conditions as (
    select distinct
        rule_id, rule_version, school_year, kind, subject, grade, testing_window,
        case when kind is null then measure end as fact,
        case
            when kind is null then measure
            else
                kind || '-' || subject
                || coalesce('-' || cast(grade as {{ dbt.type_string() }}), '')
                || coalesce('-' || testing_window, '')
        end as looked_at
    from {{ ref('int_rule_condition') }}
    where years_before = 0
),

schools as (
    select * from {{ ref('int_identification_school') }}
),

results as (
    select distinct
        school_id, school_year, kind, subject, grade, coalesce(testing_window, '') as testing_window
    from {{ ref('int_identification_result') }}
    where years_before = 0
),

facts as (
    select distinct school_id, school_year, rule_id, measure from {{ ref('int_identification_context') }}
    where years_before = 0
),

-- what there is, by plain keys: an outer join on keys that may be open would compare every row with every row
present as (
    select distinct
        results.school_id, results.school_year, conditions.rule_id, conditions.looked_at
    from conditions
    inner join results
        on conditions.school_year = results.school_year and conditions.kind = results.kind
        and conditions.subject = results.subject
        and coalesce(conditions.grade, results.grade) = results.grade
        and coalesce(conditions.testing_window, results.testing_window) = results.testing_window
    union all
    select facts.school_id, facts.school_year, conditions.rule_id, conditions.looked_at
    from conditions
    inner join facts
        on conditions.school_year = facts.school_year and conditions.rule_id = facts.rule_id
        and conditions.fact = facts.measure
),

missing as (
    select
        schools.school_id, conditions.rule_id, conditions.rule_version, conditions.school_year,
        conditions.looked_at
    from conditions
    inner join schools on conditions.school_year = schools.school_year
    left join present
        on schools.school_id = present.school_id and schools.school_year = present.school_year
        and conditions.rule_id = present.rule_id and conditions.looked_at = present.looked_at
    where present.school_id is null
),

final as (
    select
        school_id, rule_id, rule_version, school_year,
        {{ distinct_list('looked_at', '; ') }} as missing_conditions
    from missing
    group by school_id, rule_id, rule_version, school_year
)

select * from final
