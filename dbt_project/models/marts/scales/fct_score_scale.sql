-- Ability by raw score: all students of a form with one raw score share it. Raw scores that nobody has have
-- n = 0.
with scale as (
    select * from {{ source('scales', 'score_scale') }}
),

-- any one item of a form counts its students
counted as (
    select assessment_id, form, raw_score, item, sum(n) as n
    from {{ ref('fct_item_score_count') }}
    where comparison_group = 'all'
    group by assessment_id, form, raw_score, item
),

students as (
    select assessment_id, form, raw_score, max(n) as n
    from counted
    group by assessment_id, form, raw_score
),

final as (
    select
        scale.assessment_id,
        scale.form,
        cast(scale.raw_score as integer) as raw_score,
        scale.theta_wle,
        scale.theta_se,
        scale.scale_score,
        scale.scale_se,
        cast(coalesce(students.n, 0) as bigint) as n
    from scale
    left join students
        on scale.assessment_id = students.assessment_id and scale.form = students.form
        and scale.raw_score = students.raw_score
)

select * from final
