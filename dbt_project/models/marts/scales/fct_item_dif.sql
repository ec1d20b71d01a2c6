-- Differential functioning of items: two groups of students of one raw score, by sex and by locality.
with differences as (
    select * from {{ source('scales', 'dif') }}
),

final as (
    select
        assessment_id, form, item, dimension, reference_group, focal_group, method, reference_n, focal_n,
        effect, effect_se, chi2, p_value, p_adjusted, dif_class, status, is_matching
    from differences
)

select * from final
