with source as (
    select * from {{ source('accepted', 'events') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        programme, event_id, school_id as school_code, role, title, form as event_form,
        planned as planned_on, held as held_on, participants_n
    from source
)

select * from renamed
