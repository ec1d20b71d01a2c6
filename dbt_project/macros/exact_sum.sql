{#-
    A sum that doesn't depend on the order of its rows, so that the same input gives the same digits: added up in
    decimals of ten places, returned as a double.
-#}
{%- macro exact_sum(value, over='') -%}
    cast(sum(cast({{ value }} as decimal(38, 10))) {{ over }} as double)
{%- endmacro -%}
