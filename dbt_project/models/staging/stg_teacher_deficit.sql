with source as (
    select * from {{ source('accepted', 'teacher_deficits') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, wave, subject, deficit, surveyed_n, teachers_n
    from source
)

select * from renamed
