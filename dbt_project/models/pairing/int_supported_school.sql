-- One row per school and school year that is supported: by its membership of a programme; in years without
-- any member, by the label of the default rule of low results (`basis` tells which).
with members as (
    select school_id, school_year
    from {{ ref('int_programme_school') }}
    where is_supported
),

member_years as (
    select distinct school_year from members
),

labels as (
    select labelled.school_id, labelled.school_year
    from {{ ref('fct_school_identification') }} as labelled
    left join member_years on labelled.school_year = member_years.school_year
    where labelled.rule_id = 'ru_30x2' and labelled.is_listed and member_years.school_year is null
),

final as (
    select school_id, school_year, 'membership' as basis
    from members
    union all
    select school_id, school_year, 'identification'
    from labels
)

select * from final
