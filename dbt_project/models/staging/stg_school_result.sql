with source as (
    select * from {{ source('accepted', 'school_results') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        {{ assessment_id(testing_window=adapter.quote('window')) }} as assessment_id,
        school_id as school_code, kind, subject, grade,
        {{ adapter.quote('window') }} as testing_window, tested_n,
        below_min_n, high_n, max_n, mean_score, sd, school_name as school_name_sent,
        municipality as municipality_sent
    from source
)

select * from renamed
