{#- The population variance of a value counted n times, from whole sums: n, Σnx, Σnx². -#}
{%- macro variance_of_sums(n, first, second) -%}
    (cast({{ n }} as double) * {{ second }} - cast({{ first }} as double) * {{ first }})
    / nullif(cast({{ n }} as double) * {{ n }}, 0)
{%- endmacro -%}

{#- The population covariance of two values counted n times: n, Σnx, Σny, Σnxy. -#}
{%- macro covariance_of_sums(n, x, y, xy) -%}
    (cast({{ n }} as double) * {{ xy }} - cast({{ x }} as double) * {{ y }})
    / nullif(cast({{ n }} as double) * {{ n }}, 0)
{%- endmacro -%}

{#- A variance so small that it is none: rounding of equal values. -#}
{%- macro least_variance() -%} 1e-12 {%- endmacro -%}
