-- The rule packs by which schools are labelled, with their titles and standing.
select
    rule_id,
    cast(rule_version as {{ dbt.type_string() }}) as rule_version,
    coalesce(cast(region as {{ dbt.type_string() }}), '') as region,
    cast(valid_from_year as integer) as valid_from_year,
    cast(valid_to_year as integer) as valid_to_year,
    purpose,
    basis,
    cast(least_n as integer) as least_n,
    cast(exit_years as integer) as exit_years,
    title_ru,
    title_en
from {{ ref('rule_pack') }}
