{{ config(severity='warn') }}
-- What: a mark as sent is the mark that the scale gives.
-- When it matters: the register's scale is of another region or year, or the exam has a further condition
-- (the least points in geometry); the scale's mark is used.
-- How to fix: correct the boundaries in the register of assessments, or leave them out so that sent marks
-- count.
select assessment_id, mark_sent, mark, count(*) as students_n
from {{ ref('int_student_result') }}
where is_tested and mark_sent <> mark
group by assessment_id, mark_sent, mark
