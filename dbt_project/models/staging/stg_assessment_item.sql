with source as (
    select * from {{ source('accepted', 'assessment_items') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        {{ assessment_id(testing_window=adapter.quote('window')) }} as assessment_id,
        kind, subject, grade, {{ adapter.quote('window') }} as testing_window, form, item,
        content_code, requirement_code,
        {{ adapter.quote('position') }} as item_position, max_score, level, skill, anchor_item, key
    from source
)

select * from renamed
