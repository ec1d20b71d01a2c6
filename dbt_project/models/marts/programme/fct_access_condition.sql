-- Conditions of equal access at schools, and whether the checklist in force asks for each.
with conditions as (
    {{ school_rows('stg_access_condition') }}
),

checklist as (
    select * from {{ ref('access_checklist') }}
),

final as (
    select
        conditions.school_id, conditions.k_school, conditions.home_municipality_id as municipality_id,
        conditions.school_year, conditions.condition, conditions.is_met,
        checklist.condition is not null as is_required,
        conditions.evidence
    from conditions
    left join checklist
        on conditions.condition = checklist.condition
        and conditions.school_year between checklist.from_year and checklist.to_year
)

select * from final
