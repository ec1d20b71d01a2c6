with source as (
    select * from {{ source('accepted', 'social_passport') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, students_n, families_n, single_parent_n, many_children_n,
        low_income_n, in_care_n, orphans_n, disabled_n, special_needs_n, dangerous_position_n,
        school_register_n, commission_register_n, not_native_n, unemployed_parents_n,
        both_parents_higher_n, subsidised_meals_n, transported_n, boarding_n
    from source
)

select * from renamed
