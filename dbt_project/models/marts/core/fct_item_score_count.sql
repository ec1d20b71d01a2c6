-- How many students of a form and group with a total got which score on an item: one pass over all item
-- scores into cells by sex and locality, and the groups added up from the cells.
with item_scores as (
    select * from {{ ref('int_item_score') }}
),

cells as (
    select * from {{ ref('int_score_cell') }}
),

items as (
    select assessment_id, item_position, item
    from {{ ref('stg_student_result_item') }}
),

counts as (
    select cell_id, item_position, item_score, is_omitted, count(*) as n
    from item_scores
    group by cell_id, item_position, item_score, is_omitted
),

labelled as (
    select
        cells.assessment_id, cells.form, cells.sex, cells.locality_group, cells.raw_score,
        counts.item_position, counts.item_score, counts.is_omitted, counts.n
    from counts
    inner join cells on counts.cell_id = cells.cell_id
),

grouped as (
    select
        assessment_id, form, raw_score, item_position, item_score,
        case
            when grouping(sex) = 0 then 'sex:' || sex
            when grouping(locality_group) = 0 then 'locality:' || locality_group
            else 'all'
        end as comparison_group,
        sum(n) as n,
        sum(case when is_omitted then n else 0 end) as omitted_n
    from labelled
    group by grouping sets (  -- noqa: PRS
        (assessment_id, form, raw_score, item_position, item_score),
        (assessment_id, form, raw_score, item_position, item_score, sex),
        (assessment_id, form, raw_score, item_position, item_score, locality_group)
    )
),

final as (
    select
        grouped.assessment_id,
        grouped.form,
        grouped.comparison_group,
        grouped.raw_score,
        cast(grouped.item_position as integer) as item_position,
        items.item,
        cast(grouped.item_score as integer) as item_score,
        cast(grouped.n as bigint) as n,
        cast(grouped.omitted_n as bigint) as omitted_n
    from grouped
    inner join items
        on grouped.assessment_id = items.assessment_id and grouped.item_position = items.item_position
    -- students of unknown sex or locality are in the group of all only
    where grouped.comparison_group is not null
)

select * from final
