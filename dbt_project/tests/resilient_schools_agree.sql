-- What: the rule of resilient schools and the table of resilience, which also says how many are found by
-- chance, name the same schools.
-- When it matters: the number expected by chance would stand beside another number.
-- How to fix: the rule's rows ask for other years or conditions than the parameters of context; change both.
select labels.school_id, labels.school_year, labels.status, resilience.is_resilient
from {{ ref('fct_school_identification') }} as labels
inner join {{ ref('fct_resilience') }} as resilience
    on labels.school_id = resilience.school_id and labels.school_year = resilience.school_year
where
    labels.rule_id = 'resilient'
    and labels.is_met <> coalesce(resilience.is_resilient, false)
