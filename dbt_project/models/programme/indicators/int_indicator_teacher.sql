-- Teachers: trained within the window (people, in all and by length), in professional communities, with
-- difficulties by survey (a period a wave).
with staff as (
    select school_id, school_year, count(*) as staff_n
    from {{ ref('int_teaching_staff') }}
    group by school_id, school_year
),

training_years as (
    {{ received_years('training') }}
),

trained as (
    select
        school_id, school_year,
        case when grouping(length_band) = 1 then 'all' else length_band end as length_band,
        count(distinct staff_key) as people_n
    from {{ ref('int_staff_training') }}
    group by grouping sets ((school_id, school_year), (school_id, school_year, length_band))  -- noqa: PRS
),

bands as (
    select distinct length_band from {{ ref('training_length') }}
    union all
    select 'all'
),

trained_people as (
    select
        'trained_' || bands.length_band as measure_id, staff.school_id, staff.school_year, 'year' as period,
        cast(coalesce(trained.people_n, 0) as double) as numerator,
        cast(staff.staff_n as double) as denominator,
        cast(null as double) as numerator_variance
    from staff
    inner join training_years on staff.school_year = training_years.school_year
    cross join bands
    left join trained
        on staff.school_id = trained.school_id and staff.school_year = trained.school_year
        and bands.length_band = trained.length_band
),

communities as (
    select
        school_years.school_id, school_years.school_year,
        coalesce(sum(community.teachers_n), 0) as members_n
    from {{ ref('int_school_year') }} as school_years
    left join {{ ref('fct_teacher_community') }} as community
        on school_years.school_id = community.school_id and school_years.school_year = community.school_year
    where school_years.school_year in ({{ received_years('communities') }})
    group by school_years.school_id, school_years.school_year
),

deficits as (
    select
        school_id, school_year, 'w' || cast(wave_no as {{ dbt.type_string() }}) as period,
        sum(teachers_n) as teachers_n, sum(surveyed_n) as surveyed_n
    from {{ ref('fct_teacher_deficit') }}
    where teachers_n <= surveyed_n
    group by school_id, school_year, wave_no
),

final as (
    select * from trained_people
    union all
    {{ school_measure('communities', 'community_members', 'members_n') }}
    union all
    {{ school_measure('communities', 'community_schools', 'case when members_n > 0 then 1 else 0 end') }}
    union all
    {{ school_measure('deficits', 'teacher_deficit', 'teachers_n', 'surveyed_n', period='period') }}
)

select * from final
