{#- The rows of a staging model whose senders' codes are resolved: school_id, k_school, home_municipality_id. -#}
{%- macro school_rows(staging) -%}
    select
        crosswalk.school_id, school_years.k_school, school_years.municipality_id as home_municipality_id,
        sent.*
    from {{ ref(staging) }} as sent
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on sent.school_key = crosswalk.school_key and sent.school_code = crosswalk.school_code
    inner join {{ ref('int_school_year') }} as school_years
        on crosswalk.school_id = school_years.school_id and sent.school_year = school_years.school_year
{%- endmacro -%}
