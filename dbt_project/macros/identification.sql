{#- The ways a rule is evaluated: on the estimates, on cautious bounds, on values five points nearer to the
    threshold, and as if everything decided were met (can the rule be decided at all?). -#}
{%- macro rule_variants() -%} {{ return(['point', 'confirmed', 'near', 'decidable']) }} {%- endmacro -%}

{#- Whether a value stands to its threshold as the rule's comparison (ge, gt, le, lt) asks. -#}
{%- macro compares(comparison, value, threshold) -%}
    case {{ comparison }}
        when 'ge' then {{ value }} >= {{ threshold }}
        when 'gt' then {{ value }} > {{ threshold }}
        when 'le' then {{ value }} <= {{ threshold }}
        when 'lt' then {{ value }} < {{ threshold }}
    end
{%- endmacro -%}

{#- The one of two values that is harder (cautious) or easier on the school: a comparison from below wants high
    values, one from above low ones. -#}
{%- macro toward(comparison, if_at_least, if_at_most) -%}
    case when {{ comparison }} in ('ge', 'gt') then {{ if_at_least }} else {{ if_at_most }} end
{%- endmacro -%}

{#- How near to a threshold in per cent is a near miss. -#}
{%- macro near_points() -%} 5 {%- endmacro -%}

{#- The longest run of years a rule may look at. -#}
{%- macro rule_years_most() -%} {{ return(3) }} {%- endmacro -%}

{#- The fewest schools whose spread a prior is fitted to [local]. -#}
{%- macro prior_schools_n() -%} 10 {%- endmacro -%}
