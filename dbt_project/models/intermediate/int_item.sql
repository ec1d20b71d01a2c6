-- One row per assessment, form and item. Form «*» holds the items that are common to all forms. An item
-- list has a row an item and content code, so it is collapsed first: a join on it would count scores
-- several times. Items that only results mention are added, with the maximum that the scores were read by.
with item_lists as (
    select *, replace(item, ' ', '') as item_label, coalesce(form, '*') as form_label
    from {{ ref('stg_assessment_item') }}
),

result_items as (
    select
        assessment_id, item, min(item_position) as result_position, max(max_score) as max_score,
        min(max_source) as max_source
    from {{ ref('stg_student_result_item') }}
    group by assessment_id, item
),

listed as (
    select
        assessment_id,
        form_label as form,
        item_label as item,
        min(item_position) as item_position,
        max(max_score) as max_score,
        min(level) as level,
        min(skill) as skill,
        min(anchor_item) as anchor_item,
        min(key) as key,
        {{ distinct_list('content_code') }} as content_codes,
        {{ distinct_list('requirement_code') }} as requirement_codes
    from item_lists
    group by assessment_id, form_label, item_label
),

only_in_results as (
    select result_items.*
    from result_items
    left join listed on result_items.assessment_id = listed.assessment_id and result_items.item = listed.item
    where listed.item is null
),

final as (
    select
        listed.assessment_id, listed.form, listed.item,
        coalesce(listed.item_position, result_items.result_position) as item_position,
        listed.max_score, listed.level, listed.skill, listed.anchor_item, listed.key,
        listed.content_codes, listed.requirement_codes,
        true as is_listed, 'register' as max_source
    from listed
    left join result_items
        on listed.assessment_id = result_items.assessment_id and listed.item = result_items.item
    union all
    select
        assessment_id, '*', item, result_position, max_score, null, null, null, null, null, null,
        false as is_listed, max_source
    from only_in_results
)

select * from final
