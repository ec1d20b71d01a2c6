with source as (
    select * from {{ source('accepted', 'training') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, staff_key, document_key, kind as training_kind, topic, hours,
        finished as finished_on, provider
    from source
)

select * from renamed
