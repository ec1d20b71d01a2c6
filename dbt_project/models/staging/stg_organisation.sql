with source as (
    select * from {{ source('accepted', 'organisations') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        partner_id, name as partner_name, kind as partner_kind
    from source
)

select * from renamed
