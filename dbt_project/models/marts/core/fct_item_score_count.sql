-- How many students of a form and group with a total got which score on an item: the groups added up from the
-- cells by sex and locality.
with cells as (
    select * from {{ ref('int_item_score_count') }}
),

items as (
    select assessment_id, item_position, item
    from {{ ref('stg_student_result_item') }}
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
    from cells
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
