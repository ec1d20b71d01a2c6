-- One row per kind of code and code that files use: the school it stands for.
-- A code is looked up as what its sender calls it, then as what it may be mistaken for: a login and a
-- register's id stand for each other, so do the exam codes, and an id may be any of them. Exam codes are
-- compared without leading zeros, names without case and quotes.
-- A code that fits no school, or several, becomes a placeholder school with the reason.
{% set lookups = [
    ('id', 'id', 0), ('id', 'login', 1), ('id', 'oge_code', 2), ('id', 'ege_code', 2), ('id', 'name', 2),
    ('login', 'login', 0), ('login', 'id', 1),
    ('oge_code', 'oge_code', 0), ('oge_code', 'ege_code', 1),
    ('ege_code', 'ege_code', 0), ('ege_code', 'oge_code', 1),
    ('name', 'name', 0),
] %}
with register as (
    select * from {{ ref('int_school_register') }}
),

seen as (
    select distinct school_key, school_code
    from {{ ref('int_school_sighting') }}
),

lookups as (
    {% for school_key, code_kind, priority in lookups %}
    select '{{ school_key }}' as school_key, '{{ code_kind }}' as code_kind, {{ priority }} as priority
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

wanted as (
    select
        seen.school_key,
        seen.school_code,
        lookups.code_kind,
        lookups.priority,
        case
            when lookups.code_kind = 'name' then {{ normal_name('seen.school_code') }}
            when lookups.code_kind in ('oge_code', 'ege_code') then {{ exam_code('seen.school_code') }}
            else seen.school_code
        end as code
    from seen
    inner join lookups on seen.school_key = lookups.school_key
),

codes as (
    select 'id' as code_kind, school_id as code, school_id from register
    union all
    select
        'login' as code_kind,
        case when login like 'sch%' or login like 'edu%' then substring(login, 4) else login end as code,
        school_id
    from register
    union all
    select 'oge_code' as code_kind, {{ exam_code('oge_code') }} as code, school_id from register
    union all
    select 'ege_code' as code_kind, {{ exam_code('ege_code') }} as code, school_id from register
    union all
    select 'name' as code_kind, {{ normal_name('school_name') }} as code, school_id from register
    union all
    select 'name' as code_kind, {{ normal_name('short_name') }} as code, school_id from register
    union all
    select
        'name' as code_kind, {{ normal_name("municipality_name || ' / ' || school_name") }} as code, school_id
    from register
    union all
    select
        'name' as code_kind, {{ normal_name("municipality_name || ' / ' || short_name") }} as code, school_id
    from register
),

candidates as (
    select wanted.school_key, wanted.school_code, wanted.priority, codes.school_id
    from wanted
    inner join codes on wanted.code_kind = codes.code_kind and wanted.code = codes.code
),

best as (
    select
        *,
        min(priority) over (partition by school_key, school_code) as best_priority
    from candidates
),

matched as (
    select
        school_key,
        school_code,
        min(school_id) as school_id,
        count(distinct school_id) as schools_n
    from best
    where priority = best_priority
    group by school_key, school_code
),

final as (
    select
        seen.school_key,
        seen.school_code,
        case
            when matched.schools_n = 1 then matched.school_id
            when seen.school_key = 'name'
                then 'name-' || substring({{ dbt.hash(normal_name('seen.school_code')) }}, 1, 8)
            when seen.school_key in ('id', 'login') and matched.schools_n is null then seen.school_code
            else seen.school_key || '-' || seen.school_code
        end as school_id,
        coalesce(matched.schools_n, 0) <> 1 as is_placeholder,
        case
            when matched.schools_n is null then 'not_in_register'
            when matched.schools_n > 1 then 'ambiguous_code'
        end as placeholder_reason
    from seen
    left join matched on seen.school_key = matched.school_key and seen.school_code = matched.school_code
)

select * from final
