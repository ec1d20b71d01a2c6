{#- Whether a row is the first of its group: the row that carries what counts once however many rows tell of it. -#}
{%- macro is_first_row(group, order=none) -%}
    row_number() over (
        partition by {{ group }} order by {{ order ~ ', ' if order }}file_id, sheet, source_row
    ) = 1
{%- endmacro -%}

{#- Rows of a contract as a measure's evidence: what each adds to the numerator and the denominator. -#}
{%- macro evidence(
    relation, measure_id, contract, numerator, denominator='0', period="'year'", assessment_id='null'
) -%}
    select
        '{{ measure_id }}' as measure_id, school_id, school_year,
        {{ period }} as period,
        cast({{ assessment_id }} as {{ dbt.type_string() }}) as assessment_id,
        {{ contract if contract == 'contract' else "'" ~ contract ~ "' as contract" }},
        file_id, sheet, source_row,
        cast({{ numerator }} as double) as numerator,
        cast({{ denominator }} as double) as denominator
    from {{ relation }}
{%- endmacro -%}
