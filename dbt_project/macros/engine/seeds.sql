{#- Rows of a seed as literals. dbt-spark's own macro makes 'None' of an empty cell and stumbles on apostrophes. -#}
{%- macro spark__load_csv_rows(model, agate_table) -%}
    {%- set overrides = model.config.get('column_types', {}) -%}
    {%- set types = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do types.append(overrides.get(name, adapter.convert_type(agate_table, loop.index0))) -%}
    {%- endfor -%}
    {%- for chunk in agate_table.rows | batch(get_batch_size()) -%}
        {%- set rows = [] -%}
        {%- for row in chunk -%}
            {%- set cells = [] -%}
            {%- for cell in row -%}
                {%- set text = "'" ~ (cell | string | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'" -%}
                {%- do cells.append('cast(' ~ ('null' if cell is none else text) ~ ' as ' ~ types[loop.index0] ~ ')') -%}
            {%- endfor -%}
            {%- do rows.append('(' ~ cells | join(', ') ~ ')') -%}
        {%- endfor -%}
        {%- do adapter.add_query('insert into ' ~ this.render() ~ ' values ' ~ rows | join(', '), abridge_sql_log=True) -%}
    {%- endfor -%}
    {{ return('-- inserted as literals') }}
{%- endmacro -%}
