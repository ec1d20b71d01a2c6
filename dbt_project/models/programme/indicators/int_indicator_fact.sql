-- Every indicator's numerators and denominators, school by school: what all units are added up from. Facts
-- that belong to no school stand with their municipality or their programme. A new measure is a model of the
-- same columns, named below.
{% set school_models = ['result', 'exam', 'condition', 'teacher', 'mark', 'network', 'programme',
    'monitoring', 'dynamics'] %}
with school_facts as (
    {% for model in school_models %}
    select measure_id, school_id, school_year, period, numerator, denominator, numerator_variance
    from {{ ref('int_indicator_' ~ model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

territory_facts as (
    select * from {{ ref('int_indicator_territory') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_facts.measure_id, school_facts.school_id, school_years.municipality_id,
        cast(null as {{ dbt.type_string() }}) as programme,
        school_facts.school_year, school_facts.period, school_facts.numerator, school_facts.denominator,
        school_facts.numerator_variance
    from school_facts
    inner join school_years
        on school_facts.school_id = school_years.school_id
        and school_facts.school_year = school_years.school_year
    union all
    select
        measure_id, null, municipality_id, programme, school_year, period, numerator, denominator, null
    from territory_facts
)

select * from final
