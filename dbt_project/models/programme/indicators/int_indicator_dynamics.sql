-- Schools with rising results over three years in mathematics and Russian at the state exams: verdicts
-- reached, a school and subject each.
with verdicts as (
    select dynamics.*
    from {{ ref('msr_dynamics') }} as dynamics
    inner join {{ ref('programme_indicator_set') }} as of_set
        on dynamics.kind = of_set.kind and dynamics.subject = of_set.subject and dynamics.grade = of_set.grade
    where
        of_set.set_id = 'gia'
        and dynamics.unit_type = 'school'
        and dynamics.verdict in ('rising', 'stable', 'falling')
),

counted as (
    select
        unit_id as school_id, end_year as school_year, grade,
        count(*) as verdicts_n,
        sum(case when verdict = 'rising' then 1 else 0 end) as rising_n
    from verdicts
    group by unit_id, end_year, grade
),

final as (
    select
        'dynamics_rising_' || cast(grade as {{ dbt.type_string() }}) as measure_id, school_id, school_year,
        'year' as period, cast(rising_n as double) as numerator, cast(verdicts_n as double) as denominator,
        cast(null as double) as numerator_variance
    from counted
)

select * from final
