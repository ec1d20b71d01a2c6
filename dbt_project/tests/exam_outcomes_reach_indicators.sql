-- What: every student who took state exams is in the region's count of those below the minimum.
-- When it matters: always; a school left out of the group of all schools would lose its graduates silently.
-- How to fix: the school is closed in its register but has results of the year; correct its dates.
with outcomes as (
    select school_year, level, sum(took_n) as took_n, sum(below_min_n) as below_min_n
    from {{ ref('fct_exam_outcome') }}
    where level <> 'all'
    group by school_year, level
),

indicators as (
    select school_year, indicator_id, numerator, denominator
    from {{ ref('fct_programme_indicator') }}
    where unit_type = 'region'
)

select outcomes.*, indicators.numerator, indicators.denominator
from outcomes
left join indicators
    on outcomes.school_year = indicators.school_year
    and 'exam_below_min_' || outcomes.level = indicators.indicator_id
where
    coalesce(indicators.numerator, -1) <> outcomes.below_min_n
    or coalesce(indicators.denominator, -1) <> outcomes.took_n
