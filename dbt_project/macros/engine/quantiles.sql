{#- The quartiles of a group of values as one list (linear between order statistics), and an element of it. -#}
{%- macro quartiles(value) -%}
    {{ return(adapter.dispatch('quartiles')(value)) }}
{%- endmacro -%}

{%- macro default__quartiles(value) -%} quantile_cont({{ value }}, [0.25, 0.5, 0.75]) {%- endmacro -%}

{%- macro spark__quartiles(value) -%} percentile({{ value }}, array(0.25, 0.5, 0.75)) {%- endmacro -%}

{%- macro element(list, number) -%}
    {{ return(adapter.dispatch('element')(list, number)) }}
{%- endmacro -%}

{%- macro default__element(list, number) -%} {{ list }}[{{ number }}] {%- endmacro -%}

{%- macro spark__element(list, number) -%} element_at({{ list }}, {{ number }}) {%- endmacro -%}
