-- The outcome of a student's state exams at a level. Passed: every mandatory requirement met and nothing that
-- counts failed; failed: something failed, or a mandatory exam not taken at all. Unknown where a minimum
-- isn't known, or where no one in the region has results of a mandatory exam: its file is missing, not the
-- student.
with finals as (
    select * from {{ ref('int_exam_final') }}
),

mandatory as (
    select school_year, level, count(*) as mandatory_n
    from (
        select distinct school_year, level, requirement
        from {{ ref('int_exam_subject') }}
        where condition = 'mandatory'
    ) as requirements
    group by school_year, level
),

mandatory_held as (
    select school_year, level, count(distinct requirement) as held_n
    from finals
    where condition = 'mandatory'
    group by school_year, level
),

-- a student who moved belongs to the school of the latest exam
placed as (
    select
        *,
        row_number() over (
            partition by student_key, school_year, level
            order by exam_date desc nulls last, requirement asc
        ) as place_rank
    from finals
),

students as (
    select
        student_key, school_year, level,
        max(case when place_rank = 1 then school_id end) as school_id,
        count(*) as results_n,
        sum(case when condition = 'mandatory' then 1 else 0 end) as mandatory_taken_n,
        sum(case when is_passed then 1 else 0 end) as passed_results_n,
        sum(case when not is_passed then 1 else 0 end) as failed_results_n,
        max(attempts_n) as attempts_n
    from placed
    group by student_key, school_year, level
),

final as (
    select
        students.*,
        students.failed_results_n > 0 as is_below_min,
        case
            when students.failed_results_n > 0 then false
            when students.mandatory_taken_n < coalesce(mandatory_held.held_n, 0) then false
            when coalesce(mandatory_held.held_n, 0) < coalesce(mandatory.mandatory_n, 0) then null
            when students.passed_results_n < students.results_n then null
            else true
        end as is_passed
    from students
    left join mandatory
        on students.school_year = mandatory.school_year and students.level = mandatory.level
    left join mandatory_held
        on students.school_year = mandatory_held.school_year and students.level = mandatory_held.level
)

select * from final
