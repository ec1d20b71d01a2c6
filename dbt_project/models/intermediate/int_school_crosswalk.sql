-- One row per kind of code and code that files use: the school it stands for.
-- A code is looked up as what its sender calls it; a login and a register's id stand for each other, so do
-- the exam codes. A code that fits no school, or several, becomes a placeholder school with the reason.
with register as (
    select * from {{ ref('int_school_register') }}
),

seen as (
    select distinct school_key, school_code
    from {{ ref('int_school_sighting') }}
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
    select 'oge_code' as code_kind, oge_code as code, school_id from register
    union all
    select 'ege_code' as code_kind, ege_code as code, school_id from register
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
    select
        seen.school_key,
        seen.school_code,
        codes.school_id,
        case
            when seen.school_key = codes.code_kind then 0
            when seen.school_key in ('id', 'login') and codes.code_kind in ('id', 'login') then 1
            when seen.school_key = 'id' then 2
            else 1
        end as priority
    from seen
    inner join codes
        on case when seen.school_key = 'name' then {{ normal_name('seen.school_code') }} else seen.school_code end
        = codes.code
    where
        seen.school_key = codes.code_kind
        or seen.school_key = 'id'
        or (seen.school_key = 'login' and codes.code_kind = 'id')
        or (seen.school_key = 'oge_code' and codes.code_kind = 'ege_code')
        or (seen.school_key = 'ege_code' and codes.code_kind = 'oge_code')
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
