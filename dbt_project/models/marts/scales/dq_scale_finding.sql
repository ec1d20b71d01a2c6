-- Findings of the calibration, for people to read.
with messages as (
    select * from {{ source('scales', 'message') }}
),

final as (
    select assessment_id, code, subject, message_ru, message_en
    from messages
)

select * from final
