{#- The school years of which a contract has accepted rows: only then does a school without rows mean none. -#}
{%- macro received_years(contract) -%}
    select distinct school_year from {{ ref('int_received') }} where contract = '{{ contract }}'
{%- endmacro -%}

{#- A fact per school with its own numerator and denominator, under one name of a measure. -#}
{%- macro school_measure(relation, measure_id, numerator, denominator='1', period="'year'", variance='null') -%}
    select
        '{{ measure_id }}' as measure_id, school_id, school_year,
        {{ period }} as period,
        cast({{ numerator }} as double) as numerator,
        cast({{ denominator }} as double) as denominator,
        cast({{ variance }} as double) as numerator_variance
    from {{ relation }}
{%- endmacro -%}
