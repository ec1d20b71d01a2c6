-- State exams: who passed of those whose outcome is known, who is below the minimum in some subject.
with outcomes as (
    select * from {{ ref('fct_exam_outcome') }}
),

decided as (
    select * from outcomes
    where decided_n > 0
),

final as (
    select
        'exam_passed_' || level as measure_id, school_id, school_year, 'year' as period,
        cast(passed_n as double) as numerator, cast(decided_n as double) as denominator,
        cast(null as double) as numerator_variance
    from decided
    union all
    select
        'exam_below_min_' || level, school_id, school_year, 'year', cast(below_min_n as double),
        cast(took_n as double), null
    from outcomes
)

select * from final
