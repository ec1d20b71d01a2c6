-- How many schools are resilient, beside how many would be found by chance if each were exactly as expected.
with schools as (
    select * from {{ ref('fct_resilience') }}
),

final as (
    select
        school_year,
        count(*) as schools_n,
        count(case when is_lowest_part then 1 end) as lowest_part_n,
        count(case when is_met then 1 end) as met_n,
        {{ exact_sum('chance_share') }} as met_by_chance_n,
        count(is_resilient) as schools_years_n,
        count(case when is_resilient then 1 end) as resilient_n,
        {{ exact_sum('chance_resilient_share') }} as resilient_by_chance_n
    from schools
    group by school_year
)

select * from final
