-- What: each student of a form that is on the scale has a scale score.
-- When it matters: means of units would leave students out without saying so.
-- How to fix: the raw score printed is none that the form can give; look at the item maxima of the register.
with forms as (
    select assessment_id, form
    from {{ ref('fct_form_statistic') }}
    where scale_status = 'scored'
)

select students.assessment_id, students.form, students.raw_score, count(*) as students_n
from {{ ref('fct_student_scale_score') }} as students
inner join forms on students.assessment_id = forms.assessment_id and students.form = forms.form
where students.theta_wle is null
group by students.assessment_id, students.form, students.raw_score
