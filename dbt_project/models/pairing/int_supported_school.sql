-- One row per school and school year that is supported: by its membership of a programme; in years without any
-- member, by the label of the default rule of low results (`basis` tells which).
with members as (
    select school_id, school_year
    from {{ ref('int_programme_school') }}
    where is_supported
),

labels as (
    select school_id, school_year
    from {{ ref('fct_school_identification') }}
    where rule_id = 'ru_30x2' and is_listed
),

final as (
    select school_id, school_year, 'membership' as basis
    from members
    union all
    select school_id, school_year, 'identification'
    from labels
    where school_year not in (select school_year from members)
)

select * from final
