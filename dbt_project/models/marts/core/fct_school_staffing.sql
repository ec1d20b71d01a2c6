-- Staffing of schools: teaching posts in all, teachers among them, and all staff. Sub-groups of teachers
-- («из учителей») are parts of «teachers» and stand in for it only where that row is missing.
-- A sum over position groups is unknown where one of them left the cell empty, and so is a share in which the
-- part exceeds the whole.
-- A post filled twice, as when somebody stands in for a parental leave, counts once (…_once): of a position
-- group no more is filled than it has positions, so that one group's cover never fills another's vacancy.
-- Where a school sent no staffing return, the federal context form gives the teachers it counts.
{% set measures = ['positions', 'filled', 'filled_qualified', 'headcount', 'qualified_n', 'trained_n',
    'higher_education_n', 'category_highest_n', 'category_first_n', 'experience_under_3_n', 'young_n',
    'pension_n'] %}
{% set groups = {'': 'is_teaching_post', 'teachers_': 'is_teacher', 'staff_': 'true'} %}
with returns as (
    select crosswalk.school_id, staffing.*, position_groups.is_teaching_post, position_groups.part_of
    from {{ ref('stg_staffing') }} as staffing
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on staffing.school_key = crosswalk.school_key and staffing.school_code = crosswalk.school_code
    inner join {{ ref('position_group') }} as position_groups
        on staffing.position_group = position_groups.position_group
),

context as (
    select crosswalk.school_id, context.*
    from {{ ref('stg_context_form') }} as context
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on context.school_key = crosswalk.school_key and context.school_code = crosswalk.school_code
    where context.teachers_n is not null
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

marked as (
    select
        *,
        max(case when position_group = 'teachers' then 1 else 0 end)
            over (partition by school_id, school_year) as has_teachers_row
    from returns
),

counted as (
    select
        *,
        position_group = 'teachers' or part_of = 'teachers' as is_teacher
    from marked
    where part_of is null or has_teachers_row = 0
),

of_returns as (
    select
        school_id,
        school_year,
        {% for prefix, condition in groups.items() %}
        {% for measure in measures %}
        {{ whole_sum(condition, measure) }} as {{ prefix ~ measure }},
        {% endfor %}
        {{ exact_sum('case when ' ~ condition ~ ' then greatest(positions - filled, 0) end') }}
            as {{ prefix }}vacancies,
        {{ whole_sum(condition, filled_once('filled')) }} as {{ prefix }}filled_once,
        {{ whole_sum(condition, filled_once('filled_qualified')) }} as {{ prefix }}qualified_once,
        {% endfor %}
        'staffing' as source
    from counted
    group by school_id, school_year
),

of_context as (
    select
        context.school_id, context.school_year,
        context.teachers_n, context.teachers_highest_n, context.teachers_young_n, context.teachers_pension_n
    from context
    left join of_returns
        on context.school_id = of_returns.school_id and context.school_year = of_returns.school_year
    where of_returns.school_id is null
),

measured as (
    select
        school_id, school_year, source, positions, filled, filled_once, vacancies, filled_qualified,
        qualified_once, headcount,
        qualified_n, trained_n, teachers_positions, teachers_filled, teachers_filled_once, teachers_vacancies,
        teachers_headcount, teachers_qualified_n, teachers_trained_n, teachers_higher_education_n,
        teachers_category_highest_n, teachers_category_first_n, teachers_experience_under_3_n,
        teachers_young_n, teachers_pension_n,
        cast(null as double) as teachers_to_30_n,
        staff_positions, staff_filled, staff_vacancies, staff_headcount
    from of_returns
    union all
    select
        school_id, school_year, 'context_form', null, null, null, null, null, null, null, null, null,
        null, null, null, null, teachers_n, null, null, null,
        teachers_highest_n, null, null, null, teachers_pension_n, teachers_young_n, null, null, null, null
    from of_context
),

final as (
    select
        measured.school_id, school_years.k_school, measured.school_year, measured.source,
        measured.positions, measured.filled, measured.vacancies,
        measured.filled_once,
        100 * measured.filled_once / nullif(measured.positions, 0) as staffing_pct,
        measured.filled_qualified, measured.qualified_once,
        100 * measured.qualified_once / nullif(measured.positions, 0) as qualified_staffing_pct,
        measured.headcount, measured.qualified_n,
        {{ part_pct('measured.qualified_n', 'measured.headcount') }} as qualified_pct,
        measured.trained_n,
        {{ part_pct('measured.trained_n', 'measured.headcount') }} as trained_pct,
        measured.teachers_positions, measured.teachers_filled, measured.teachers_vacancies,
        100 * measured.teachers_filled_once / nullif(measured.teachers_positions, 0) as teachers_staffing_pct,
        measured.teachers_headcount, measured.teachers_qualified_n,
        {{ part_pct('measured.teachers_qualified_n', 'measured.teachers_headcount') }}
            as teachers_qualified_pct,
        measured.teachers_trained_n,
        {{ part_pct('measured.teachers_trained_n', 'measured.teachers_headcount') }} as teachers_trained_pct,
        {{ part_pct('measured.teachers_higher_education_n', 'measured.teachers_headcount') }}
            as teachers_higher_education_pct,
        {{ part_pct('measured.teachers_category_highest_n', 'measured.teachers_headcount') }}
            as teachers_category_highest_pct,
        {{ part_pct('measured.teachers_category_first_n', 'measured.teachers_headcount') }}
            as teachers_category_first_pct,
        {{ part_pct('measured.teachers_experience_under_3_n', 'measured.teachers_headcount') }}
            as teachers_experience_under_3_pct,
        {{ part_pct('measured.teachers_young_n', 'measured.teachers_headcount') }} as teachers_young_pct,
        {{ part_pct('measured.teachers_to_30_n', 'measured.teachers_headcount') }} as teachers_to_30_pct,
        {{ part_pct('measured.teachers_pension_n', 'measured.teachers_headcount') }} as teachers_pension_pct,
        measured.staff_positions, measured.staff_filled, measured.staff_vacancies, measured.staff_headcount
    from measured
    inner join school_years
        on measured.school_id = school_years.school_id and measured.school_year = school_years.school_year
)

select * from final
