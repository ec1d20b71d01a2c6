-- Items of assessments by form, listed or only known from results.
with items as (
    select * from {{ ref('int_item') }}
),

final as (
    select
        {{ surrogate_key(['assessment_id', 'form', 'item']) }} as k_item,
        assessment_id, form, item,
        cast(item_position as integer) as item_position,
        cast(max_score as double) as max_score,
        max_source, level, skill, anchor_item, key, content_codes, requirement_codes, is_listed
    from items
)

select * from final
