-- Anchors of linked assessments: how far each moved, and whether it holds the scale.
with links as (
    select * from {{ source('scales', 'link') }}
),

final as (
    select assessment_id, anchor_item, linked_to, drift, z as robust_z, kept as is_kept
    from links
)

select * from final
