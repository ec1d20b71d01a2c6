-- What: schools add up to the region, classes (with the class «—» of students without one) to a school that
-- names classes, and municipalities to the region, unless schools stand without a municipality (then the
-- parts fall short and never exceed the whole).
-- When it matters: always; a table whose parts don't make its whole is not to be published.
-- How to fix: a student counted in two units, or a unit left out; look at the unit printed.
with units as (
    select * from {{ ref('int_assessment_unit') }}
    where subgroup = 'all'
),

parts as (
    select
        'region' as unit_type, '{{ var("region_code") }}' as unit_id, assessment_id, 'school' as part,
        sum(tested_n) as tested_n, sum(below_min_n) as below_min_n
    from units
    where unit_type = 'school'
    group by assessment_id
    union all
    select
        'region' as unit_type, '{{ var("region_code") }}' as unit_id, assessment_id, 'municipality' as part,
        sum(tested_n) as tested_n, sum(below_min_n) as below_min_n
    from units
    where unit_type = 'municipality'
    group by assessment_id
    union all
    select
        'school' as unit_type, school_id as unit_id, assessment_id, 'class' as part,
        sum(tested_n) as tested_n, sum(below_min_n) as below_min_n
    from units
    where unit_type = 'class'
    group by school_id, assessment_id
),

without_municipality as (
    select assessment_id, max(case when municipality_id is null then 1 else 0 end) as schools_n
    from units
    where unit_type = 'school'
    group by assessment_id
)

select parts.*, units.tested_n as whole_tested_n, units.below_min_n as whole_below_min_n
from parts
inner join units
    on parts.unit_type = units.unit_type and parts.unit_id = units.unit_id
    and parts.assessment_id = units.assessment_id
left join without_municipality on parts.assessment_id = without_municipality.assessment_id
where
    parts.tested_n > units.tested_n
    or parts.below_min_n > units.below_min_n
    or (
        (parts.tested_n <> units.tested_n or parts.below_min_n <> units.below_min_n)
        and (parts.part <> 'municipality' or without_municipality.schools_n = 0)
    )
