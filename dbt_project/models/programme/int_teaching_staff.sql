-- Teaching staff on the lists of a school year, each person once: at the main place of work, failing that
-- where the rate is the largest. Who left before the school year began isn't on the staff.
with staff as (
    {{ school_rows('stg_staff') }}
),

posts as (
    select * from {{ ref('teaching_post') }}
),

titled as (
    select
        staff.school_id, staff.school_year, staff.staff_key, staff.is_main, staff.rate, staff.job_title,
        posts.is_teaching, staff.file_id, staff.sheet, staff.source_row,
        row_number() over (
            partition by staff.file_id, staff.sheet, staff.source_row order by posts.priority
        ) as post_rank
    from staff
    inner join posts on lower(staff.job_title) like posts.title_like
    where coalesce(staff.left_on >= {{ school_year_first_day('staff.school_year') }}, true)
),

placed as (
    select
        *,
        row_number() over (
            partition by staff_key, school_year
            order by
                case when is_main then 0 when is_main is null then 1 else 2 end asc,
                rate desc nulls last, school_id asc, job_title asc
        ) as place_rank
    from titled
    where post_rank = 1 and is_teaching
),

final as (
    select school_id, school_year, staff_key, job_title, file_id, sheet, source_row
    from placed
    where place_rank = 1
)

select * from final
