-- One row per school and school year with a result of the year: what pairing and the programme's effect
-- compare schools by. pool_basis: why a school may be a partner: its role, the label of stable high results,
-- or, in years that have neither, the upper part of results.
with parameters as (
    select max(case when parameter = 'peer_pool_pct' then value end) as pool_pct
    from {{ ref('context_parameter') }}
),

results as (
    select * from {{ source('programme', 'year_result') }}
    where subject = 'all'
),

contexts as (
    select * from {{ ref('fct_school_context') }}
),

stages as (
    select school_id, school_year, max(grade) as highest_grade
    from {{ ref('int_context_result') }}
    group by school_id, school_year
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

supported as (
    select * from {{ ref('int_supported_school') }}
),

mentors as (
    select school_id, school_year, 'role' as pool_basis
    from {{ ref('int_programme_membership') }}
    where role = 'mentor'
    union
    select school_id, school_year, 'label'
    from {{ ref('fct_school_identification') }}
    where rule_id = 'high_3y' and is_listed
),

-- a mentor by both is one by its role
mentor_schools as (
    select school_id, school_year, max(pool_basis) as pool_basis
    from mentors
    group by school_id, school_year
),

mentor_years as (
    select distinct school_year from mentors
),

placed as (
    select
        school_id,
        school_year,
        z_score,
        100 * percent_rank() over (partition by school_year order by z_score) as result_percentile
    from results
),

final as (
    select
        placed.school_id,
        school_years.k_school,
        school_years.school_year,
        school_years.municipality_id,
        school_years.locality_group,
        case
            when contexts.has_secondary or stages.highest_grade >= 10 then 'secondary'
            when contexts.has_basic or stages.highest_grade >= 5 then 'basic'
            when contexts.has_primary or stages.highest_grade >= 1 then 'primary'
        end as highest_stage,
        contexts.social_index,
        contexts.students_n,
        contexts.not_native_pct,
        placed.z_score,
        supported.basis as supported_basis,
        case
            when supported.school_id is not null then null
            when mentor_schools.pool_basis is not null then mentor_schools.pool_basis
            when mentor_years.school_year is null and placed.result_percentile >= parameters.pool_pct
                then 'upper_results'
        end as pool_basis
    from placed
    inner join school_years
        on placed.school_id = school_years.school_id and placed.school_year = school_years.school_year
    left join contexts
        on placed.school_id = contexts.school_id and placed.school_year = contexts.school_year
    left join stages
        on placed.school_id = stages.school_id and placed.school_year = stages.school_year
    left join supported
        on placed.school_id = supported.school_id and placed.school_year = supported.school_year
    left join mentor_schools
        on placed.school_id = mentor_schools.school_id and placed.school_year = mentor_schools.school_year
    left join mentor_years on placed.school_year = mentor_years.school_year
    cross join parameters
)

select * from final
