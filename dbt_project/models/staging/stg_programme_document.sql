with source as (
    select * from {{ source('accepted', 'programme_documents') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, municipality_id, document, kind as document_kind,
        approved as approved_on
    from source
)

select * from renamed
