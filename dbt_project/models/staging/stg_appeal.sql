with source as (
    select * from {{ source('accepted', 'appeals') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        {{ assessment_id(testing_window="''") }} as assessment_id,
        kind, subject, grade, school_id as school_code, student_key, exam_date, appeal_type,
        state as appeal_state, total_before, score_before, total, score
    from source
)

select * from renamed
