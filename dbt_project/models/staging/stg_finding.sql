with source as (
    select * from {{ source('landing', 'rejected') }}
),

renamed as (
    select
        file_id, coalesce(sheet, '') as sheet, {{ adapter.quote('row') }} as source_row,
        school_year, contract, reading,
        field as field_name, item as item_number, column_title, value, rule_id, severity,
        message_ru, message_en
    from source
)

select * from renamed
