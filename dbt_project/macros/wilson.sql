{#- Wilson's 95 % interval of a share k of n, as shares 0–1; null without observations. -#}
{%- macro normal_quantile() -%} 1.959963984540054 {%- endmacro -%}

{%- macro wilson_low(k, n) -%} {{ wilson_bound_(k, n, '-') }} {%- endmacro -%}

{%- macro wilson_high(k, n) -%} {{ wilson_bound_(k, n, '+') }} {%- endmacro -%}

{%- macro wilson_bound_(k, n, sign) -%}
    {%- set z = normal_quantile() | trim -%}
    {%- set p = '(1e0 * ' ~ k ~ ' / ' ~ n ~ ')' -%}
    case
        {%- if sign == '-' %} when {{ n }} > 0 and {{ k }} = 0 then 0.0
        {%- else %} when {{ n }} > 0 and {{ k }} = {{ n }} then 1.0 {%- endif %}
        when {{ n }} > 0 then
            ({{ p }} + {{ z }} * {{ z }} / (2 * {{ n }}) {{ sign }} {{ z }}
            * sqrt({{ p }} * (1 - {{ p }}) / {{ n }} + {{ z }} * {{ z }} / (4e0 * {{ n }} * {{ n }})))
            / (1 + {{ z }} * {{ z }} / {{ n }})
    end
{%- endmacro -%}
