with source as (
    select * from {{ source('landing', 'student_result_items') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        {{ assessment_id(testing_window=adapter.quote('window')) }} as assessment_id,
        kind, subject, grade, {{ adapter.quote('window') }} as testing_window,
        {{ adapter.quote('position') }} as item_position, item, max_score,
        max_source
    from source
)

select * from renamed
