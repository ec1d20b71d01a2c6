with source as (
    select * from {{ source('accepted', 'school_register') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id, name as school_name, short_name, municipality_id, municipality_name, login,
        oge_code, ege_code, inn, ogrn, oktmo, kind as school_kind, locality_type,
        status as school_status, valid_from, valid_to, successor_school_id
    from source
)

select * from renamed
