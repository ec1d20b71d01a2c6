{{ config(materialized=by_year()) }}
-- One row per cell of students, item and score: how many students, in one pass over all item scores.
with item_scores as (
    select * from {{ ref('int_item_score') }}
    where {{ is_stale_year() }}
),

years as (
    select * from {{ ref('int_year_input') }}
),

cells as (
    select * from {{ ref('int_score_cell') }}
),

counts as (
    select cell_id, item_position, item_score, is_omitted, count(*) as n
    from item_scores
    group by cell_id, item_position, item_score, is_omitted
),

final as (
    select
        cells.assessment_id, cells.school_year, cells.form, cells.sex, cells.locality_group, cells.raw_score,
        counts.item_position, counts.item_score, counts.is_omitted, counts.n, years.year_input
    from counts
    inner join cells on counts.cell_id = cells.cell_id
    inner join years on cells.school_year = years.school_year
)

select * from final
