{#-
    Models by year hold rows of students, or are added up from them, and make only the school years anew whose
    inputs changed. Their rows carry year_input, the fingerprint of all that the year's rows follow from
    (int_year_input): a year is fresh where the table has rows with its fingerprint. Rows and fingerprint are
    written in one transaction, so a killed run leaves no year that only seems fresh. A table without a fresh
    year is made as a whole: so it is after any change of the code, which is part of each fingerprint.
-#}

{#- The years of this table that are fresh; none where there is no table, or one of an older shape. -#}
{%- macro fresh_years() -%}
    {%- set built = load_relation(this) -%}
    {%- set columns = (adapter.get_columns_in_relation(built) | map(attribute='name') | list) if built else [] -%}
    {%- if 'year_input' not in columns -%} {{ return([]) }} {%- endif -%}
    {%- set fresh -%}
        select school_year, year_input from {{ ref('int_year_input') }}
        intersect
        select school_year, year_input from {{ built }}
    {%- endset -%}
    {{ return(run_query(fresh).columns[0].values() | list) }}
{%- endmacro -%}

{#- Whether a row that a model by year reads is of a year to be made: the years are written out, so that the
    files of other years stay closed. In a unit test there is no table to ask. -#}
{%- macro is_stale_year() -%}
    {%- if this is not none and is_incremental() -%} school_year not in ({{ fresh_years() | sort | join(', ') }})
    {%- else -%} true
    {%- endif -%}
{%- endmacro -%}

{#- dbt's own answer, and yes for a model by year without a fresh year. -#}
{%- macro should_full_refresh() -%}
    {%- set by_year = config.get('materialized') == 'incremental' -%}
    {{ return(dbt.should_full_refresh() or (by_year and not fresh_years())) }}
{%- endmacro -%}

{#- The strategy of dbt's incremental models: stale years go, those that still have inputs come anew. -#}
{%- macro get_incremental_by_year_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments.dest_columns | map(attribute='name')) -%}
    delete from {{ arguments.target_relation }}
    where year_input not in (select year_input from {{ ref('int_year_input') }});
    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arguments.temp_relation }}
{%- endmacro -%}
