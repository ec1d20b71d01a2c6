{#- The last day that counts for a school year: which version of a school its results belong to. -#}
{%- macro school_year_day(school_year) -%}
    cast(cast({{ school_year }} as {{ dbt.type_string() }}) || '-05-31' as date)
{%- endmacro -%}

{#- Names compared without regard to case, quotes, ё and doubled spaces. -#}
{%- macro normal_name(name) -%}
    {%- set ns = namespace(text="lower(trim(" ~ name ~ "))") -%}
    {%- for old, new in [('«', ''), ('»', ''), ('"', ''), ('“', ''), ('”', ''), ('ё', 'е'), ('  ', ' '), ('  ', ' ')] -%}
        {%- set ns.text = "replace(" ~ ns.text ~ ", '" ~ old ~ "', '" ~ new ~ "')" -%}
    {%- endfor -%}
    {{ ns.text }}
{%- endmacro -%}

{#- Exam codes compared without the leading zeros that spreadsheets lose. -#}
{%- macro exam_code(code) -%} trim(leading '0' from {{ code }}) {%- endmacro -%}
