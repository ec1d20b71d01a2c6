-- Teaching staff trained within the window, by topic and by length: people, never certificates. A person with
-- several trainings counts once in each topic and length, and once in their totals.
with trainings as (
    select * from {{ ref('int_staff_training') }}
),

staff as (
    select school_id, school_year, count(*) as teaching_staff_n
    from {{ ref('int_teaching_staff') }}
    group by school_id, school_year
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

counted as (
    select
        school_id,
        school_year,
        case when grouping(topic) = 1 then 'all' else topic end as topic,
        case when grouping(length_band) = 1 then 'all' else length_band end as length_band,
        count(distinct staff_key) as people_n,
        count(distinct document_key) as documents_n
    from trainings
    group by grouping sets (  -- noqa: PRS
        (school_id, school_year),
        (school_id, school_year, topic),
        (school_id, school_year, length_band),
        (school_id, school_year, topic, length_band)
    )
),

final as (
    select
        counted.school_id, school_years.k_school, school_years.municipality_id, counted.school_year,
        counted.topic, counted.length_band, counted.people_n, counted.documents_n, staff.teaching_staff_n,
        100e0 * counted.people_n / staff.teaching_staff_n as people_pct
    from counted
    inner join staff on counted.school_id = staff.school_id and counted.school_year = staff.school_year
    inner join school_years
        on counted.school_id = school_years.school_id and counted.school_year = school_years.school_year
)

select * from final
