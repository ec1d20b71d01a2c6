with source as (
    select * from {{ source('accepted', 'programme_membership') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, programme, role, valid_from, valid_to
    from source
)

select * from renamed
