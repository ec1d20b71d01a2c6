with source as (
    select * from {{ source('accepted', 'risk_profile') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, factor, level as risk_level, value as risk_value
    from source
)

select * from renamed
