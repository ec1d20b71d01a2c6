-- Consultations and other support of students, families and teachers.
with activities as (
    {{ school_rows('stg_support_activity') }}
),

final as (
    select
        school_id, k_school, home_municipality_id as municipality_id, school_year,
        coalesce(period, 'year') as period,
        support_kind, participants_role, participants_n
    from activities
)

select * from final
