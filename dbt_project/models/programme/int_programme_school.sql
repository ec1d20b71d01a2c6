-- One row per school and school year: its part in the support programmes. is_low_results, is_difficult:
-- supported by a programme for such schools (seed `support_programme`); difficult conditions also by the
-- label of the year, whether supported or not.
with memberships as (
    select * from {{ ref('int_programme_membership') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

labels as (
    select distinct school_id, school_year
    from {{ ref('fct_school_identification') }}
    where purpose = 'context' and is_listed
),

members as (
    select
        school_id,
        school_year,
        {{ distinct_list('role') }} as roles,
        {{ distinct_list('programme') }} as programmes,
        max(case when role = 'supported' then 1 else 0 end) = 1 as is_supported,
        max(case when role = 'supported' and target_group = 'low_results' then 1 else 0 end) = 1
            as is_low_results,
        max(case when role = 'supported' and target_group = 'difficult' then 1 else 0 end) = 1 as is_difficult
    from memberships
    group by school_id, school_year
),

final as (
    select
        school_years.school_id, school_years.k_school, school_years.school_year,
        school_years.municipality_id,
        members.roles, members.programmes,
        coalesce(members.is_supported, false) as is_supported,
        coalesce(members.is_low_results, false) as is_low_results,
        coalesce(members.is_difficult, false) or labels.school_id is not null as is_difficult
    from school_years
    left join members
        on school_years.school_id = members.school_id and school_years.school_year = members.school_year
    left join labels
        on school_years.school_id = labels.school_id and school_years.school_year = labels.school_year
)

select * from final
