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
        {{ statements }};
        {{ comments(relation) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
{%- endmacro -%}

{#- All comments of a relation, where it keeps any. That the columns are there its contract has made sure. -#}
{%- macro comments(relation) -%}
    {%- if config.persist_relation_docs() and model.description -%}
        {{ alter_relation_comment(relation, model.description) }}
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
        {%- for column in model.columns.values() -%}
            comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
        {% endfor -%}
    {%- endif -%}
{%- endmacro -%}

{#- A test asks once and keeps nothing: it needs no transaction, which is two queries more. -#}
{%- materialization test, adapter='duckdb' -%}
    {%- call statement('main', fetch_result=True, auto_begin=False) -%}
        {{ get_test_sql(sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')) }}
    {%- endcall -%}
    {{ return({'relations': []}) }}
{%- endmaterialization -%}
