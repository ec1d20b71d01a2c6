with source as (
    select * from {{ source('accepted', 'support_activities') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, kind as support_kind, period, participants_role, participants_n
    from source
)

select * from renamed
