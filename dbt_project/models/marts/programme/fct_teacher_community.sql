-- Teachers of schools in professional communities.
with communities as (
    {{ school_rows('stg_community') }}
),

final as (
    select
        school_id, k_school, home_municipality_id as municipality_id, school_year, community, teachers_n
    from communities
)

select * from final
