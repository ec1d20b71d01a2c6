with source as (
    select * from {{ source('accepted', 'label_overrides') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, rule_id, label, decided_by, decided_on, reason, valid_until
    from source
)

select * from renamed
