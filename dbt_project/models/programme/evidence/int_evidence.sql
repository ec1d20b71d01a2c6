-- Every measure walked back: what each row of a file, or each other measure (refers_…), adds to the numerator
-- and the denominator of a school, a municipality or a programme. Added up they are int_indicator_fact.
{% set families = ['result', 'exam', 'condition', 'teacher', 'mark', 'network', 'programme', 'monitoring'] %}
{% set text = dbt.type_string() %}
with final as (
    {% for family in families %}
    select
        measure_id, school_id,
        cast(null as {{ text }}) as municipality_id, cast(null as {{ text }}) as programme,
        school_year, period, assessment_id, contract, file_id, sheet, source_row,
        cast(null as {{ text }}) as refers_measure_id, cast(null as {{ text }}) as refers_assessment_id,
        cast(null as integer) as refers_year, cast(null as {{ text }}) as refers_period,
        numerator, denominator
    from {{ ref('int_evidence_' ~ family) }}
    union all
    {% endfor %}
    select
        measure_id, null, municipality_id, programme, school_year, period, null, contract, file_id, sheet,
        source_row, null, null, null, null, numerator, denominator
    from {{ ref('int_evidence_territory') }}
    union all
    select
        measure_id, school_id, null, null, school_year, period, null, null, null, null, null,
        refers_measure_id, refers_assessment_id, refers_year, refers_period, numerator, denominator
    from {{ ref('int_evidence_reference') }}
)

select * from final
