{#-
    How a mart that is a plain join of stored tables is kept: a view where the database is what is handed on,
    a table where its files are.
-#}
{%- macro stored_view() -%} {{ return(adapter.dispatch('stored_view')()) }} {%- endmacro -%}

{%- macro default__stored_view() -%} {{ return('view') }} {%- endmacro -%}

{%- macro spark__stored_view() -%} {{ return('table') }} {%- endmacro -%}
