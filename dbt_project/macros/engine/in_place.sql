{#-
    How DuckDB makes a table or view anew: in place of the one before, in one transaction. dbt's own way, made for
    databases where that is not possible, builds beside, renames twice and asks the catalogue: half of what a
    small model costs. Rows of a model in Python come by a connection of their own, so it is built beside.
-#}
{%- materialization table, adapter='duckdb', supported_languages=['sql', 'python'] -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- if model['language'] == 'sql' -%}
        {%- do make_in_place(relation, get_create_table_as_sql(False, relation, sql)) -%}
    {%- else -%}
        {%- set beside = make_intermediate_relation(relation) -%}
        {%- do drop_relation_if_exists(load_cached_relation(beside)) -%}
        {%- call statement('main', language='python') -%}
            {{ create_table_as(False, beside, compiled_code, 'python') }}
        {%- endcall -%}
        {%- do make_in_place(relation, 'alter table ' ~ beside ~ ' rename to ' ~ relation.identifier, 'rename') -%}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization -%}

{%- materialization view, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- do make_in_place(relation, get_create_view_as_sql(relation, sql)) -%}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization -%}

{%- macro make_in_place(relation, statements, name='main') -%}
    {%- set before = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement(name) -%}
        {%- if before is not none %} drop {{ before.type }} if exists {{ before }} cascade; {% endif -%}
        {{ statements }}
    {%- endcall -%}
    {%- do persist_docs(relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
{%- endmacro -%}

{#- All comments of a relation's columns at once. That the columns are there its contract has made sure. -#}
{%- macro duckdb__alter_column_comment(relation, column_dict) -%}
    {%- for column in column_dict.values() -%}
        comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
    {% endfor -%}
{%- endmacro -%}
