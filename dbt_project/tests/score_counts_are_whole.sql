-- What: in the score counts each item of a form was given to every student of the form with that total.
-- When it matters: always; item statistics and calibration rest on «everyone of a form has the same items».
-- How to fix: the form labels of the intake don't tell apart students who were given different items.
with counts as (
    select assessment_id, form, raw_score, item, sum(n) as n
    from {{ ref('fct_item_score_count') }}
    where comparison_group = 'all'
    group by assessment_id, form, raw_score, item
),

students as (
    select assessment_id, form, raw_score, sum(students_n) as students_n
    from {{ ref('int_score_cell') }}
    group by assessment_id, form, raw_score
)

select students.assessment_id, students.form, students.raw_score, counts.item, counts.n, students.students_n
from students
left join counts
    on students.assessment_id = counts.assessment_id and students.form = counts.form
    and students.raw_score = counts.raw_score
where coalesce(counts.n, 0) <> students.students_n
