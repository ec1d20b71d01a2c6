with source as (
    select * from {{ source('calendar', 'expected') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year, contract, period, due, sender, school_kind, as_of,
        is_current_year
    from source
)

select * from renamed
