-- The rows behind a measure make up its numerator and denominator, unit by unit, and no rows stand behind
-- nothing. Estimates and the measures that only others rest on have no facts.
with facts as (
    -- a school's municipality follows from the school
    select
        measure_id, school_id,
        case when school_id is null then municipality_id end as municipality_id,
        programme, school_year, period, numerator, denominator
    from {{ ref('int_indicator_fact') }}
),

evidence as (
    select
        measure_id, school_id, municipality_id, programme, school_year, period,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('int_evidence') }}
    where measure_id in (select facts.measure_id from facts)
    group by measure_id, school_id, municipality_id, programme, school_year, period
)

select
    coalesce(facts.measure_id, evidence.measure_id) as measure_id,
    coalesce(facts.school_id, evidence.school_id) as school_id,
    coalesce(facts.school_year, evidence.school_year) as school_year,
    facts.numerator, facts.denominator,
    evidence.numerator as rows_numerator,
    evidence.denominator as rows_denominator
from facts
full outer join evidence
    on facts.measure_id = evidence.measure_id
    and coalesce(facts.school_id, '') = coalesce(evidence.school_id, '')
    and coalesce(facts.municipality_id, '') = coalesce(evidence.municipality_id, '')
    and coalesce(facts.programme, '') = coalesce(evidence.programme, '')
    and facts.school_year = evidence.school_year and facts.period = evidence.period
where
    facts.measure_id is null
    or evidence.measure_id is null
    or abs(facts.numerator - evidence.numerator) > 1e-9 * greatest(1, abs(facts.numerator))
    or abs(facts.denominator - evidence.denominator) > 1e-9
