with source as (
    select * from {{ source('accepted', 'communities') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        community, school_id as school_code, teachers_n
    from source
)

select * from renamed
