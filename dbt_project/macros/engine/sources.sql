{#-
    Sources lie in the lake as Parquet. DuckDB reads them in place, by the glob of `external_location`; Spark by
    tables over their folders, which this operation makes anew: `dbt run-operation register_sources`.
-#}
{%- macro register_sources() -%} {{ return(adapter.dispatch('register_sources')()) }} {%- endmacro -%}

{%- macro default__register_sources() -%} {%- endmacro -%}

{%- macro spark__register_sources() -%}
    {%- for source in graph.sources.values() -%}
        {%- set location = render(source.config.meta.external_location) -%}
        {%- set options = {
            'path': location.split("'")[1].split('/*')[0],
            'mergeSchema': 'true',
            'pathGlobFilter': '*.parquet',
            'recursiveFileLookup': 'true' if 'hive_partitioning=false' in location else 'false',
        } -%}
        {%- set table = source.schema ~ '.' ~ source.identifier -%}
        {%- do run_query('create schema if not exists ' ~ source.schema) -%}
        {%- do run_query('drop table if exists ' ~ table) -%}
        {%- set written = [] -%}
        {%- for name, value in options.items() -%} {%- do written.append(name ~ " '" ~ value ~ "'") -%} {%- endfor -%}
        {%- do run_query('create table ' ~ table ~ ' using parquet options (' ~ written | join(', ') ~ ')') -%}
    {%- endfor -%}
{%- endmacro -%}
