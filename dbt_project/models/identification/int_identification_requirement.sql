-- Whether each requirement of a rule holds for a school. Its met conditions are counted in each group (all of
-- them, a subject, or one and the same assessment) and year; a group holds when enough years have enough of
-- them, the requirement when enough groups hold. Four times over: see rule_variants.
with conditions as (
    select * from {{ ref('int_identification_condition') }}
),

requirements as (
    select * from {{ ref('rule_requirement') }}
),

schools as (
    select * from {{ ref('int_identification_school') }}
),

rule_years as (
    select * from {{ ref('int_rule_year') }}
),

years as (
    select
        {% for variant in rule_variants() %}
        case
            when sum(case when conditions.met_{{ variant }} then 1 else 0 end) >= requirements.conditions_n
                then 1
            else 0
        end as {{ variant }},
        {% endfor %}
        conditions.school_id, conditions.rule_id, conditions.rule_version, conditions.school_year,
        conditions.branch, conditions.requirement, conditions.years_before,
        case requirements.same_by
            when 'assessment' then conditions.series
            when 'subject' then conditions.subject_group
            else 'any'
        end as same
    from conditions
    inner join requirements
        on conditions.rule_id = requirements.rule_id and conditions.rule_version = requirements.rule_version
        and conditions.branch = requirements.branch and conditions.requirement = requirements.requirement
    group by
        conditions.school_id, conditions.rule_id, conditions.rule_version, conditions.school_year,
        conditions.branch, conditions.requirement, conditions.years_before, same, requirements.conditions_n
),

groups as (
    select
        {% for variant in rule_variants() %}
        case when sum(years.{{ variant }}) >= requirements.years_held_n then 1 else 0 end as {{ variant }},
        {% endfor %}
        years.school_id, years.rule_id, years.rule_version, years.school_year, years.branch,
        years.requirement, years.same
    from years
    inner join requirements
        on years.rule_id = requirements.rule_id and years.rule_version = requirements.rule_version
        and years.branch = requirements.branch and years.requirement = requirements.requirement
    group by
        years.school_id, years.rule_id, years.rule_version, years.school_year, years.branch,
        years.requirement, years.same, requirements.years_held_n
),

final as (
    select
        {% for variant in rule_variants() %}
        coalesce(sum(groups.{{ variant }}), 0) >= requirements.groups_n as holds_{{ variant }},
        {% endfor %}
        schools.school_id, rule_years.rule_id, rule_years.rule_version, rule_years.school_year,
        requirements.branch, requirements.requirement
    from schools
    inner join rule_years on schools.school_year = rule_years.school_year
    inner join requirements
        on rule_years.rule_id = requirements.rule_id and rule_years.rule_version = requirements.rule_version
    left join groups
        on schools.school_id = groups.school_id and schools.school_year = groups.school_year
        and requirements.rule_id = groups.rule_id and requirements.rule_version = groups.rule_version
        and requirements.branch = groups.branch and requirements.requirement = groups.requirement
    group by
        schools.school_id, rule_years.rule_id, rule_years.rule_version, rule_years.school_year,
        requirements.branch, requirements.requirement, requirements.groups_n
)

select * from final
