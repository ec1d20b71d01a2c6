with source as (
    select * from {{ source('landing', 'submission') }}
),

renamed as (
    select
        submission_id, file_id, file_name, sha256, size_bytes, received_at, state as submission_state,
        superseded_by, rule_id, message_ru, message_en
    from source
)

select * from renamed
