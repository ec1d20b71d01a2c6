-- Gates of the calibration: an assessment is put on its scale when all of them hold.
with gates as (
    select * from {{ source('scales', 'gate') }}
),

final as (
    select
        assessment_id, gate, {{ adapter.quote('value') }},
        {{ adapter.quote('limit') }} as limit_value, passed
    from gates
)

select * from final
