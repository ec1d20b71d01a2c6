{#- The sum of a measure over the rows of a condition; null where one of them has no value: a part of a sum
    is no sum. -#}
{% macro whole_sum(condition, measure) %}
    case
        when count(case when {{ condition }} then 1 end) = count(case when {{ condition }} then {{ measure }} end)
            then {{ exact_sum('case when ' ~ condition ~ ' then ' ~ measure ~ ' end') }}
    end
{% endmacro %}

{#- A part in per cent of its whole; null where the part exceeds it: the return is at fault. -#}
{% macro part_pct(part, whole) %}
    case when {{ part }} <= {{ whole }} then 100 * {{ part }} / nullif({{ whole }}, 0) end
{% endmacro %}

{#- Positions of a group that are filled, each once; null where the cell is empty. -#}
{%- macro filled_once(filled) -%}
    case when {{ filled }} is not null then least({{ filled }}, positions) end
{%- endmacro -%}
