with source as (
    select * from {{ source('accepted', 'municipalities') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        municipality_id, name as municipality_name, territory_id
    from source
)

select * from renamed
