{#- The distinct values of a group as one text, in order. -#}
{%- macro distinct_list(value, delimiter=', ') -%}
    {{ return(adapter.dispatch('distinct_list')(value, delimiter)) }}
{%- endmacro -%}

{%- macro default__distinct_list(value, delimiter) -%}
    string_agg(distinct {{ value }}, '{{ delimiter }}' order by {{ value }})
{%- endmacro -%}

{%- macro spark__distinct_list(value, delimiter) -%}
    case when count({{ value }}) > 0 then array_join(sort_array(collect_set({{ value }})), '{{ delimiter }}') end
{%- endmacro -%}
