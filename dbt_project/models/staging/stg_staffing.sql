with source as (
    select * from {{ source('accepted', 'staffing') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, position_group, positions, filled, filled_qualified, vacant,
        headcount, qualified_n, trained_n, higher_education_n, category_highest_n, category_first_n,
        experience_under_3_n, young_n, pension_n
    from source
)

select * from renamed
