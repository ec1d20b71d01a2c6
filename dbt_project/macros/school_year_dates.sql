{#- The first and the last day of a school year, which is named by the year it ends in. -#}
{%- macro school_year_first_day(school_year) -%}
    cast(cast({{ school_year }} - 1 as {{ dbt.type_string() }}) || '-09-01' as date)
{%- endmacro -%}

{%- macro school_year_last_day(school_year) -%}
    cast(cast({{ school_year }} as {{ dbt.type_string() }}) || '-08-31' as date)
{%- endmacro -%}

{#- Whether a period, open where a bound is null, has a day in the school year. -#}
{%- macro holds_in_school_year(valid_from, valid_to, school_year) -%}
    coalesce({{ valid_from }} <= {{ school_year_last_day(school_year) }}, true)
    and coalesce({{ valid_to }} >= {{ school_year_first_day(school_year) }}, true)
{%- endmacro -%}
