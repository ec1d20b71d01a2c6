-- Risk profiles of schools by factor.
with profiles as (
    {{ school_rows('stg_risk_profile') }}
),

final as (
    select
        school_id, k_school, home_municipality_id as municipality_id, school_year, factor, risk_level,
        risk_value
    from profiles
)

select * from final
