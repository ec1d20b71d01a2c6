with source as (
    select * from {{ source('accepted', 'staff') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, staff_key, {{ adapter.quote('position') }} as job_title, subject,
        rate, education,
        category, experience_years, birth_year, is_main, hired as hired_on,
        {{ adapter.quote('left') }} as left_on
    from source
)

select * from renamed
