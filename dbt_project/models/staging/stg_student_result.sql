with source as (
    select * from {{ source('accepted', 'student_results') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        {{ assessment_id(testing_window=adapter.quote('window')) }} as assessment_id,
        kind, subject, grade, {{ adapter.quote('window') }} as testing_window,
        school_id as school_code, student_key,
        class_name, sex, form, attendance, exam_date, status as result_status, journal_mark,
        total as total_sent, score as score_sent, mark as mark_sent,
        municipality as municipality_sent, student_grade, scores, total_recomputed
    from source
)

select * from renamed
