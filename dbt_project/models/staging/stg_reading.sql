with source as (
    select * from {{ source('landing', 'reading') }}
),

renamed as (
    select
        file_id, coalesce(sheet, '') as sheet, contract, layout, school_year, rows_read, rows_accepted,
        rows_rejected, rows_structural, status as reading_status, rule_id, message_ru, message_en
    from source
)

select * from renamed
