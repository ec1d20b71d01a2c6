-- Who passed the state exams, by school: after grade 9, after grade 11, and both together.
with outcomes as (
    select * from {{ ref('int_exam_outcome') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

counted as (
    select
        school_id,
        school_year,
        case when grouping(level) = 1 then 'all' else cast(level as {{ dbt.type_string() }}) end as level,
        count(*) as took_n,
        count(is_passed) as decided_n,
        sum(case when is_passed then 1 else 0 end) as passed_n,
        sum(case when is_below_min then 1 else 0 end) as below_min_n,
        sum(case when attempts_n > 1 then 1 else 0 end) as repeated_n
    from outcomes
    group by grouping sets ((school_id, school_year, level), (school_id, school_year))  -- noqa: PRS
),

final as (
    select
        counted.school_id, school_years.k_school, school_years.municipality_id, counted.school_year,
        counted.level,
        counted.took_n,
        counted.decided_n,
        cast(counted.passed_n as bigint) as passed_n,
        cast(counted.below_min_n as bigint) as below_min_n,
        cast(counted.repeated_n as bigint) as repeated_n,
        100e0 * counted.passed_n / nullif(counted.decided_n, 0) as passed_pct,
        100 * {{ wilson_low('counted.passed_n', 'counted.decided_n') }} as passed_ci_low,
        100 * {{ wilson_high('counted.passed_n', 'counted.decided_n') }} as passed_ci_high,
        case when counted.decided_n = 0 then 'O' else 'A' end as obs_status
    from counted
    inner join school_years
        on counted.school_id = school_years.school_id and counted.school_year = school_years.school_year
)

select * from final
