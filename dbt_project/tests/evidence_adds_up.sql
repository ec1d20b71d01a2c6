-- The rows behind a measure make up its numerator and denominator, unit by unit.
with evidence as (
    select
        measure_id, school_id, municipality_id, programme, school_year, period,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('int_evidence') }}
    group by measure_id, school_id, municipality_id, programme, school_year, period
),

facts as (
    -- a school's municipality follows from the school
    select
        measure_id, school_id,
        case when school_id is null then municipality_id end as municipality_id,
        programme, school_year, period, numerator, denominator
    from {{ ref('int_indicator_fact') }}
)

select
    facts.*,
    evidence.numerator as rows_numerator,
    evidence.denominator as rows_denominator
from facts
left join evidence
    on facts.measure_id = evidence.measure_id
    and coalesce(facts.school_id, '') = coalesce(evidence.school_id, '')
    and coalesce(facts.municipality_id, '') = coalesce(evidence.municipality_id, '')
    and coalesce(facts.programme, '') = coalesce(evidence.programme, '')
    and facts.school_year = evidence.school_year and facts.period = evidence.period
where
    evidence.measure_id is null
    or abs(facts.numerator - evidence.numerator) > 1e-6
    or abs(facts.denominator - evidence.denominator) > 1e-6
