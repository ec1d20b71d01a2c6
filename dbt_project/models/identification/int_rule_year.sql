-- The rule packs in force in each school year, in this region.
with packs as (
    select * from {{ ref('rule_pack') }}
),

years as (
    select distinct school_year from {{ ref('int_identification_school') }}
),

final as (
    select
        packs.rule_id, packs.rule_version, years.school_year, packs.purpose, packs.least_n, packs.exit_years,
        packs.exclusion_set, packs.flagged_results = 'drop' as drops_flagged
    from packs
    inner join years
        on coalesce(packs.valid_from_year, years.school_year) <= years.school_year
        and coalesce(packs.valid_to_year, years.school_year) >= years.school_year
    where coalesce(packs.region, '{{ var("region_code") }}') = '{{ var("region_code") }}'
)

select * from final
