with source as (
    select * from {{ source('accepted', 'partnerships') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        network, school_id as school_code, partner_id, kind as partnership_kind, coordinator_key,
        curator_key, form as partnership_form, valid_from, valid_to
    from source
)

select * from renamed
