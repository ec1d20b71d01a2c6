with source as (
    select * from {{ source('landing', 'rule_count') }}
),

renamed as (
    select file_id, coalesce(sheet, '') as sheet, contract, rule_id, severity, n as findings_n
    from source
)

select * from renamed
