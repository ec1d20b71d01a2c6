-- Rows behind the conditions of schools. A checklist counts a school once, with the condition that decided:
-- one not met, failing that the first. Staffing: each position group, its posts once. social_index: the
-- returns that tell a school's conditions; they add to no sum.
with facts as (
    select * from {{ ref('int_indicator_condition') }}
),

checklist as (
    select * from {{ ref('access_checklist') }}
),

conditions as (
    {{ school_rows('stg_access_condition') }}
),

required as (
    select
        conditions.school_id, conditions.school_year, conditions.file_id, conditions.sheet,
        conditions.source_row,
        coalesce(conditions.is_met, false) as is_met,
        row_number() over (
            partition by conditions.school_id, conditions.school_year
            order by
                case when conditions.is_met then 1 else 0 end, conditions.file_id, conditions.sheet,
                conditions.source_row
        ) = 1 as is_carrier
    from conditions
    inner join checklist
        on conditions.condition = checklist.condition
        and conditions.school_year between checklist.from_year and checklist.to_year
    inner join facts
        on conditions.school_id = facts.school_id and conditions.school_year = facts.school_year
        and facts.measure_id = 'access_ensured'
),

returns as (
    {{ school_rows('stg_staffing') }}
),

grouped as (
    select
        returns.*, position_groups.is_teaching_post, position_groups.part_of,
        max(case when returns.position_group = 'teachers' then 1 else 0 end)
            over (partition by returns.school_id, returns.school_year) as has_teachers_row
    from returns
    inner join {{ ref('position_group') }} as position_groups
        on returns.position_group = position_groups.position_group
),

posts as (
    select
        grouped.school_id, grouped.school_year, grouped.file_id, grouped.sheet, grouped.source_row,
        facts.measure_id, grouped.positions,
        case facts.measure_id
            when 'staffing_filled' then {{ filled_once('grouped.filled') }}
            else {{ filled_once('grouped.filled_qualified') }}
        end as posts_n
    from grouped
    inner join facts
        on grouped.school_id = facts.school_id and grouped.school_year = facts.school_year
        and facts.measure_id in ('staffing_filled', 'staffing_qualified')
    where grouped.is_teaching_post and (grouped.part_of is null or grouped.has_teachers_row = 0)
),

passports as (
    {{ school_rows('stg_social_passport') }}
),

context as (
    {{ school_rows('stg_context_form') }}
),

final as (
    {{ evidence('required', 'access_ensured', 'access_conditions',
        'case when is_carrier and is_met then 1 else 0 end', 'case when is_carrier then 1 else 0 end') }}
    union all
    select
        measure_id, school_id, school_year, 'year', null, 'staffing', file_id, sheet, source_row,
        cast(posts_n as double), cast(positions as double)
    from posts
    union all
    {{ evidence('passports', 'social_index', 'social_passport', '0') }}
    union all
    {{ evidence('context', 'social_index', 'context_form', '0') }}
)

select * from final
