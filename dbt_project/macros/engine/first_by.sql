{#- The value of the first row, in the given order, whose value is not null. -#}
{%- macro first_by(value, order) -%}
    {{ return(adapter.dispatch('first_by')(value, order)) }}
{%- endmacro -%}

{%- macro default__first_by(value, order) -%} arg_min({{ value }}, {{ order }}) {%- endmacro -%}

{%- macro spark__first_by(value, order) -%}
    min_by({{ value }}, case when {{ value }} is not null then {{ order }} end)
{%- endmacro -%}
