with source as (
    select * from {{ source('accepted', 'access_conditions') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, condition, is_met, evidence
    from source
)

select * from renamed
