{{ config(materialized=stored_view()) }}
-- The ability and scale score of each tested student, by the form and the raw score.
-- A view: a join of two stored tables.
with results as (
    select * from {{ ref('int_student_result') }}
    where is_tested and scores is not null
),

scale as (
    select * from {{ ref('fct_score_scale') }}
),

final as (
    select
        results.assessment_id,
        results.school_year,
        results.school_id,
        results.student_key,
        results.form,
        results.raw_score,
        scale.theta_wle,
        scale.theta_se,
        scale.scale_score,
        scale.scale_se
    from results
    left join scale
        on results.assessment_id = scale.assessment_id and results.form = scale.form
        and results.raw_score = scale.raw_score
)

select * from final
