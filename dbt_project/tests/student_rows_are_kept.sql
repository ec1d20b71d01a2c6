-- What: each accepted row of student results stands once in the resolved results.
-- When it matters: always; a join that drops or doubles rows changes every statistic after it.
-- How to fix: the crosswalk, the school years or the assessments lack a key, or have it twice.
with accepted as (
    select assessment_id, count(*) as rows_n
    from {{ ref('stg_student_result') }}
    group by assessment_id
),

resolved as (
    select assessment_id, count(*) as rows_n
    from {{ ref('int_student_result') }}
    group by assessment_id
)

select accepted.assessment_id, accepted.rows_n as accepted_n, resolved.rows_n as resolved_n
from accepted
left join resolved on accepted.assessment_id = resolved.assessment_id
where coalesce(resolved.rows_n, 0) <> accepted.rows_n
