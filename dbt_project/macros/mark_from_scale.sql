{#- The mark 2–5 of a total under a scale of boundaries; null without a total or without the first boundary. -#}
{%- macro mark_from_scale(total, mark_3_from, mark_4_from, mark_5_from) -%}
    case
        when {{ total }} is null or {{ mark_3_from }} is null then null
        when {{ total }} >= {{ mark_5_from }} then 5
        when {{ total }} >= {{ mark_4_from }} then 4
        when {{ total }} >= {{ mark_3_from }} then 3
        else 2
    end
{%- endmacro -%}
