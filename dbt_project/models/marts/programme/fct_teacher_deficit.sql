-- Difficulties of teachers by survey; waves of a school year are numbered in their order.
with deficits as (
    {{ school_rows('stg_teacher_deficit') }}
),

final as (
    select
        school_id, k_school, home_municipality_id as municipality_id, school_year, wave,
        cast(dense_rank() over (partition by school_year order by wave) as integer) as wave_no,
        subject, deficit, surveyed_n, teachers_n,
        case when teachers_n <= surveyed_n then 100e0 * teachers_n / nullif(surveyed_n, 0) end as teachers_pct
    from deficits
)

select * from final
