-- Numbers printed in control tables (Ф3, marks against the journal, totals of exams) beside our own from
-- the rows that were accepted. A share agrees within half of its second decimal, a mean within a hundredth,
-- a count exactly.
{% set measures = {
    'tested_n': ['tested_n', 0], 'schools_n': ['schools_n', 0], 'below_min_n': ['below_min_n', 0],
    'mean_score': ['mean_score', 0.01],
    'mark_2_pct': ['mark_2_pct', 0.00501], 'mark_3_pct': ['mark_3_pct', 0.00501],
    'mark_4_pct': ['mark_4_pct', 0.00501], 'mark_5_pct': ['mark_5_pct', 0.00501],
    'lowered_n': ['lowered_n', 0], 'confirmed_n': ['confirmed_n', 0], 'raised_n': ['raised_n', 0],
    'lowered_pct': ['lowered_pct', 0.00501], 'confirmed_pct': ['confirmed_pct', 0.00501],
    'raised_pct': ['raised_pct', 0.00501],
} %}
with printed as (
    select * from {{ ref('stg_control_total') }}
),

-- with the kind of unit as a plain key: an outer join that looks at one side alone compares all with all
schools as (
    select 'school' as unit_type, school_id from {{ ref('int_school') }}
    where is_latest
),

units as (
    select * from {{ ref('int_assessment_unit') }}
    where subgroup = 'all'
),

municipality_crosswalk as (
    select 'municipality' as unit_type, * from {{ ref('int_municipality_crosswalk') }}
),

schools_of_units as (
    select assessment_id, 'region' as unit_type, '{{ var("region_code") }}' as unit_id, count(*) as schools_n
    from units
    where unit_type = 'school' and tested_n > 0
    group by assessment_id
    union all
    select assessment_id, 'municipality' as unit_type, municipality_id as unit_id, count(*) as schools_n
    from units
    where unit_type = 'school' and tested_n > 0
    group by assessment_id, municipality_id
),

ours as (
    select
        units.assessment_id,
        units.unit_type,
        units.unit_id,
        case when units.judged_n > 0 then units.below_min_n end as below_min_n,
        units.score_sum / nullif(units.scored_n, 0) as mean_score,
        {% for mark in [2, 3, 4, 5] %}
        100e0 * units.mark_{{ mark }}_n / nullif(units.marked_n, 0) as mark_{{ mark }}_pct,
        {% endfor %}
        {% for change in ['lowered', 'confirmed', 'raised'] %}
        case when units.journal_n > 0 then units.{{ change }}_n end as {{ change }}_n,
        100e0 * units.{{ change }}_n / nullif(units.journal_n, 0) as {{ change }}_pct,
        {% endfor %}
        schools_of_units.schools_n,
        units.tested_n
    from units
    left join schools_of_units
        on units.assessment_id = schools_of_units.assessment_id
        and units.unit_type = schools_of_units.unit_type and units.unit_id = schools_of_units.unit_id
),

resolved as (
    select
        printed.*,
        case printed.unit_type
            when 'region' then '{{ var("region_code") }}'
            when 'municipality' then coalesce(by_name.municipality_id, by_code.municipality_id)
            when 'school' then schools.school_id
        end as unit_id
    from printed
    left join municipality_crosswalk as by_name
        on printed.unit_type = by_name.unit_type and printed.unit_name = by_name.sent
    left join municipality_crosswalk as by_code
        on printed.unit_type = by_code.unit_type and printed.unit_code = by_code.sent
    left join schools
        on printed.unit_type = schools.unit_type
        and schools.school_id
        = case
            when printed.unit_code like 'sch%' or printed.unit_code like 'edu%'
                then substring(printed.unit_code, 4)
            else printed.unit_code
        end
),

compared as (
    {% for printed, (ours, tolerance) in measures.items() %}
    select
        resolved.printed_table, resolved.assessment_id, resolved.school_year, resolved.unit_type,
        resolved.unit_id, resolved.unit_name, '{{ printed }}' as measure,
        cast(resolved.{{ printed }} as double) as printed,
        cast(ours.{{ ours }} as double) as ours,
        cast({{ tolerance }} as double) as tolerance,
        resolved.file_id, resolved.sheet, resolved.source_row
    from resolved
    left join ours
        on resolved.assessment_id = ours.assessment_id and resolved.unit_type = ours.unit_type
        and resolved.unit_id = ours.unit_id
    where resolved.{{ printed }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        printed_table, assessment_id, school_year, unit_type, unit_id, unit_name, measure, printed, ours,
        ours - printed as difference,
        tolerance,
        abs(ours - printed) <= tolerance as agrees,
        file_id, sheet, source_row
    from compared
)

select * from final
