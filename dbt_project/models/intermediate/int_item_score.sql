{{ config(materialized='view') }}
-- One row per tested student and item that the student was given. An item not attempted scores 0 and is
-- omitted.
with tested as (
    select * from {{ ref('int_student_result') }}
    where is_tested and scores is not null
),

cells as (
    select * from {{ ref('int_score_cell') }}
),

numbered as (
    select cells.cell_id, tested.school_year, tested.school_id, tested.student_key, tested.scores
    from tested
    inner join cells
        on tested.assessment_id = cells.assessment_id and tested.form = cells.form
        and coalesce(tested.sex, '') = coalesce(cells.sex, '')
        and coalesce(tested.locality_group, '') = coalesce(cells.locality_group, '')
        and tested.raw_score = cells.raw_score
),

unnested as (
    {{ unnested_scores('numbered', ['cell_id', 'school_year', 'school_id', 'student_key']) }}
),

final as (
    select
        cell_id, school_year, school_id, student_key, item_position,
        greatest(score, 0) as item_score,
        score < 0 as is_omitted
    from unnested
    where score is not null
)

select * from final
