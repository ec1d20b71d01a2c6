with source as (
    select * from {{ source('accepted', 'assessment_register') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        {{ assessment_id(testing_window=adapter.quote('window')) }} as assessment_id,
        kind, subject, grade, {{ adapter.quote('window') }} as testing_window, region, max_score,
        min_score, mark_3_from,
        mark_4_from, mark_5_from, is_reference, linked_to
    from source
)

select * from renamed
