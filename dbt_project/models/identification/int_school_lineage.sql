-- Whose results speak for a school in a school year: its own, and those of schools that were closed by then
-- and whose successor (through several mergers, up to four) it is. A school of today is judged in the years
-- before its merger by all the students it took over.
with schools as (
    select * from {{ ref('int_school') }}
),

years as (
    select distinct school_year, {{ school_year_day('school_year') }} as last_day
    from {{ ref('int_school_year') }}
),

closed as (
    select years.school_year, schools.school_id, schools.successor_school_id
    from schools
    inner join years on schools.valid_to < years.last_day
    where
        schools.is_latest
        and schools.successor_school_id is not null
        and schools.successor_school_id <> schools.school_id
),

heirs_1 as (
    select school_year, school_id as source_school_id, successor_school_id as school_id from closed
),

{% for step in [2, 3, 4] %}
heirs_{{ step }} as (
    select
        heirs.school_year,
        heirs.source_school_id,
        coalesce(closed.successor_school_id, heirs.school_id) as school_id
    from heirs_{{ step - 1 }} as heirs
    left join closed on heirs.school_year = closed.school_year and heirs.school_id = closed.school_id
),

{% endfor %}
final as (
    select school_id, school_year, school_id as source_school_id, false as is_inherited
    from {{ ref('int_school_year') }}
    union all
    select school_id, school_year, source_school_id, true as is_inherited
    from heirs_4
    where school_id <> source_school_id
)

select * from final
