-- Rows behind the outcomes of the state exams: the final result of each subject. A student counts once, with
-- the result that decided: one not passed, failing that one without a known minimum, failing that the first.
with finals as (
    select
        outcomes.school_id, outcomes.school_year, outcomes.level, outcomes.is_passed, outcomes.is_below_min,
        finals.assessment_id, finals.file_id, finals.sheet, finals.source_row,
        row_number() over (
            partition by finals.student_key, finals.school_year, finals.level
            order by
                case when not finals.is_passed then 0 when finals.is_passed is null then 1 else 2 end,
                finals.requirement
        ) = 1 as is_carrier
    from {{ ref('int_exam_final') }} as finals
    inner join {{ ref('int_exam_outcome') }} as outcomes
        on finals.student_key = outcomes.student_key and finals.school_year = outcomes.school_year
        and finals.level = outcomes.level
),

carried as (
    select
        *,
        case when is_carrier and is_passed then 1 else 0 end as passed_n,
        case when is_carrier and is_below_min then 1 else 0 end as below_min_n,
        case when is_carrier then 1 else 0 end as students_n
    from finals
),

decided as (
    select * from carried
    where is_passed is not null
),

final as (
    {% for level in ['9', '11', 'all'] %}
    select
        'exam_passed_{{ level }}' as measure_id, school_id, school_year, 'year' as period, assessment_id,
        'student_results' as contract, file_id, sheet, source_row,
        cast(passed_n as double) as numerator, cast(students_n as double) as denominator
    from decided
    {{ "where level = " ~ level if level != 'all' }}
    union all
    select
        'exam_below_min_{{ level }}', school_id, school_year, 'year', assessment_id,
        'student_results', file_id, sheet, source_row,
        cast(below_min_n as double), cast(students_n as double)
    from carried
    {{ "where level = " ~ level if level != 'all' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
