with source as (
    select * from {{ source('accepted', 'control_totals') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        {{ assessment_id(testing_window=adapter.quote('window')) }} as assessment_id,
        kind, subject, grade, {{ adapter.quote('window') }} as testing_window,
        source as printed_table, unit_type,
        unit_name, unit_code, schools_n, tested_n, below_min_n, high_n, max_n, mean_score,
        mark_2_pct, mark_3_pct, mark_4_pct, mark_5_pct, lowered_pct, lowered_n, confirmed_pct,
        confirmed_n, raised_pct, raised_n
    from source
)

select * from renamed
