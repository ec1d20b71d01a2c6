-- What: every rule pack can be evaluated: its requirements and sets of conditions are there, each condition
-- has a known measure, a comparison and a threshold (facts of the school may bring their own), its codes are
-- known, years and counts make sense, and no two versions hold in one year.
-- When it matters: a misspelt pack would find no school, or the wrong ones, without a word.
-- How to fix: correct the row of rule_pack, rule_requirement or rule_condition that is printed.
with packs as (
    select * from {{ ref('rule_pack') }}
),

requirements as (
    select * from {{ ref('rule_requirement') }}
),

conditions as (
    select
        requirements.rule_id, requirements.condition_set, conditions.kind, conditions.subject,
        coalesce(conditions.measure, requirements.measure) as measure,
        coalesce(conditions.comparison, requirements.comparison) as comparison,
        coalesce(conditions.threshold, requirements.threshold) as threshold
    from requirements
    inner join {{ ref('rule_condition') }} as conditions
        on requirements.condition_set = conditions.condition_set
),

codes as (
    select list, code from {{ ref('code_list') }}
    union all
    select list, code from {{ ref('code_list_region') }}
),

faults as (
    select packs.rule_id, 'has no requirement' as fault
    from packs
    left join requirements
        on packs.rule_id = requirements.rule_id and packs.rule_version = requirements.rule_version
    where requirements.rule_id is null
    union all
    select requirements.rule_id, 'requirement of no pack'
    from requirements
    left join packs
        on requirements.rule_id = packs.rule_id and requirements.rule_version = packs.rule_version
    where packs.rule_id is null
    union all
    select requirements.rule_id, 'no conditions in ' || requirements.condition_set
    from requirements
    left join conditions on requirements.condition_set = conditions.condition_set
    where conditions.condition_set is null
    union all
    select rule_id, 'years or counts of ' || requirement
    from requirements
    where
        years_n not between 1 and {{ rule_years_most() }} or years_held_n not between 1 and years_n
        or conditions_n < 1 or groups_n < 1
    union all
    select rule_id, 'measure ' || coalesce(measure, 'missing') || ' of ' || condition_set
    from conditions
    where
        measure is null
        or (
            kind is null
            and measure not in (
                'social_sign', 'social_index_percentile', 'resilience_index', 'resilience_result',
                'resilience_residual'
            )
        )
        or (
            kind is not null
            and (
                measure not in ('below_min_share', 'below_min_count', 'standing', 'cluster_standing')
                or threshold is null or comparison is null
            )
        )
        or (measure = 'social_index_percentile' and (threshold is null or comparison is null))
        or coalesce(comparison, 'ge') not in ('ge', 'gt', 'le', 'lt')
    union all
    select conditions.rule_id, 'unknown code: ' || conditions.kind || ', ' || conditions.subject
    from conditions
    left join codes as kinds on kinds.list = 'kind' and conditions.kind = kinds.code
    left join codes as subjects on subjects.list = 'subject' and conditions.subject = subjects.code
    where conditions.kind is not null and (kinds.code is null or subjects.code is null)
    union all
    select rule_id, 'two versions in ' || cast(school_year as {{ dbt.type_string() }})
    from {{ ref('int_rule_year') }}
    group by rule_id, school_year
    having count(*) > 1
)

select distinct rule_id, fault
from faults
