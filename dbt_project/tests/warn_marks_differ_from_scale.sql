{{ config(severity='warn') }}
-- What: a mark as sent is the mark that the scale gives.
-- When it matters: the register's scale is of another region or year, or an exam has a further condition (the
-- least points in geometry). Official exams' marks count as sent, all others by the scale.
-- How to fix: correct the boundaries in the register of assessments.
with results as (
    select
        results.assessment_id,
        results.mark_sent,
        {{ mark_from_scale('results.total', 'assessments.mark_3_from', 'assessments.mark_4_from',
            'assessments.mark_5_from') }} as mark_of_scale
    from {{ ref('int_student_result') }} as results
    inner join {{ ref('int_assessment') }} as assessments
        on results.assessment_id = assessments.assessment_id
    where results.is_tested
)

select assessment_id, mark_sent, mark_of_scale, count(*) as students_n
from results
where mark_sent <> mark_of_scale
group by assessment_id, mark_sent, mark_of_scale
