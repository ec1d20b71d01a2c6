{#- How a model by year is kept: only where the tables of the last build are still there. -#}
{%- macro by_year() -%} {{ return(adapter.dispatch('by_year')()) }} {%- endmacro -%}

{%- macro default__by_year() -%} {{ return('incremental') }} {%- endmacro -%}

{%- macro spark__by_year() -%} {{ return('table') }} {%- endmacro -%}

{#- The accepted files of some contracts, one row each: their school year, and a hash of what is in them. -#}
{%- macro accepted_files(sources) -%}
    {{ return(adapter.dispatch('accepted_files')(sources)) }}
{%- endmacro -%}

{%- macro default__accepted_files(sources) -%}
    {%- for source in sources %}
    select
        cast(regexp_extract(filename, 'school_year=(\d+)/[^/]*$', 1) as integer) as school_year,
        '{{ source.identifier }}' as contract,
        sha256(content) as file_hash
    from read_blob('{{ (source | string).split("'")[1] }}')
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro -%}

{#- Spark makes its tables whole, and asks for no hash. -#}
{%- macro spark__accepted_files(sources) -%}
    select cast(null as int) as school_year, '' as contract, '' as file_hash
{%- endmacro -%}

{#- A row of a table, by the table's alias, as one text. -#}
{%- macro row_text(alias) -%} {{ return(adapter.dispatch('row_text')(alias)) }} {%- endmacro -%}

{%- macro default__row_text(alias) -%} cast({{ alias }} as varchar) {%- endmacro -%}

{%- macro spark__row_text(alias) -%} to_json(struct({{ alias }}.*)) {%- endmacro -%}
