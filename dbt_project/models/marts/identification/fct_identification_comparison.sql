-- Where two rules of one purpose part: the school is caught by one and not by the other in the same year.
-- The difference is told by the met conditions of the branch that caught it: are they looked at by the other
-- rule, and do they count there?
with labels as (
    select
        school_id, k_school, school_year, rule_id, rule_version, purpose, status, branches, is_excluded,
        is_met and not is_excluded as is_caught
    from {{ ref('int_identification_label') }}
),

conditions as (
    select * from {{ ref('int_identification_condition') }}
),

requirements as (
    select * from {{ ref('int_identification_requirement') }}
),

pairs as (
    select
        caught.school_id, caught.k_school, caught.school_year, caught.purpose, caught.rule_id,
        caught.rule_version, caught.status, caught.branches,
        other.rule_id as other_rule_id, other.rule_version as other_rule_version,
        other.status as other_status, other.is_excluded as other_is_excluded
    from labels as caught
    inner join labels as other
        on caught.school_id = other.school_id and caught.school_year = other.school_year
        and caught.purpose = other.purpose and caught.rule_id <> other.rule_id
    where caught.is_caught and not other.is_caught
),

-- the met conditions of the branches that caught the school
reasons as (
    select distinct
        conditions.school_id, conditions.school_year, conditions.rule_id, conditions.measure,
        conditions.series, conditions.years_before
    from conditions
    inner join requirements
        on conditions.school_id = requirements.school_id and conditions.rule_id = requirements.rule_id
        and conditions.rule_version = requirements.rule_version
        and conditions.school_year = requirements.school_year
        and conditions.branch = requirements.branch and conditions.requirement = requirements.requirement
    where requirements.holds_point and conditions.met_point
),

-- how the other rule looks at the same series and year: by any measure of its own
other_views as (
    select
        school_id, school_year, rule_id, series, years_before,
        max(case when met_point then 1 else 0 end) as is_met,
        max(case when is_known then 1 else 0 end) as is_known
    from conditions
    group by school_id, school_year, rule_id, series, years_before
),

compared as (
    select
        pairs.school_id, pairs.school_year, pairs.rule_id, pairs.other_rule_id,
        count(*) as reasons_n,
        count(other_views.series) as looked_at_n,
        coalesce(sum(other_views.is_known), 0) as known_n,
        coalesce(sum(other_views.is_met), 0) as met_n,
        {{ distinct_list(
            "reasons.measure || ': ' || reasons.series || ', ' || cast(reasons.school_year - reasons.years_before as "
            ~ dbt.type_string() ~ ")", '; '
        ) }} as reasons,
        {{ distinct_list(
            "case when coalesce(other_views.is_met, 0) = 0 then reasons.series || ', ' || "
            ~ "cast(reasons.school_year - reasons.years_before as " ~ dbt.type_string() ~ ") end", '; '
        ) }} as not_counted
    from pairs
    inner join reasons
        on pairs.school_id = reasons.school_id and pairs.school_year = reasons.school_year
        and pairs.rule_id = reasons.rule_id
    left join other_views
        on reasons.school_id = other_views.school_id and reasons.school_year = other_views.school_year
        and pairs.other_rule_id = other_views.rule_id and reasons.series = other_views.series
        and reasons.years_before = other_views.years_before
    group by pairs.school_id, pairs.school_year, pairs.rule_id, pairs.other_rule_id
),

final as (
    select
        pairs.school_id, pairs.k_school, pairs.school_year, pairs.purpose,
        pairs.rule_id, pairs.rule_version, pairs.status, pairs.branches,
        pairs.other_rule_id, pairs.other_rule_version, pairs.other_status,
        case
            when pairs.other_is_excluded then 'exclusion'
            when compared.looked_at_n < compared.reasons_n then 'not_looked_at'
            when compared.known_n < compared.reasons_n then 'too_few'
            when compared.met_n < compared.reasons_n then 'threshold'
            else 'combination'
        end as difference,
        compared.reasons,
        compared.not_counted
    from pairs
    inner join compared
        on pairs.school_id = compared.school_id and pairs.school_year = compared.school_year
        and pairs.rule_id = compared.rule_id and pairs.other_rule_id = compared.other_rule_id
)

select * from final
