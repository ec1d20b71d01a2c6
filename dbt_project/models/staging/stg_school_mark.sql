with source as (
    select * from {{ source('accepted', 'school_marks') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, class_name, grade, subject, period, student_key, mark, mark_2_n,
        mark_3_n, mark_4_n, mark_5_n
    from source
)

select * from renamed
