-- What: the numerators and denominators of an indicator's schools, with the facts that belong to no school,
-- make up those of the municipality's parts and of the region.
-- When it matters: always; a drill-down that doesn't add up can't be explained.
-- How to fix: look at the indicator; a school without a municipality, or one outside the group, has facts.
with sums as (
    select * from {{ ref('int_indicator_sum') }}
    where side = 'group'
),

of_no_school as (
    select
        registry.indicator_id, facts.school_year, facts.period, facts.municipality_id,
        facts.numerator, facts.denominator
    from {{ ref('int_indicator_fact') }} as facts
    inner join {{ ref('programme_indicator') }} as registry on facts.measure_id = registry.measure_id
    where facts.school_id is null and registry.school_group = 'all'
),

schools as (
    select
        sums.indicator_id, sums.school_year, sums.period, members.municipality_id,
        sums.numerator, sums.denominator
    from sums
    inner join {{ ref('programme_indicator') }} as registry on sums.indicator_id = registry.indicator_id
    inner join {{ ref('int_programme_group') }} as members
        on sums.unit_id = members.school_id and sums.school_year = members.school_year
        and registry.school_group = members.school_group
    where sums.unit_type = 'school'
    union all
    select * from of_no_school
),

expected as (
    select
        'municipality' as unit_type, municipality_id as unit_id, indicator_id, school_year, period,
        {{ exact_sum('numerator') }} as numerator,
        {{ exact_sum('denominator') }} as denominator
    from schools
    where municipality_id is not null
    group by municipality_id, indicator_id, school_year, period
    union all
    select
        'region', '{{ var("region_code") }}', indicator_id, school_year, period,
        {{ exact_sum('numerator') }},
        {{ exact_sum('denominator') }}
    from schools
    group by indicator_id, school_year, period
),

final as (
    select
        expected.*,
        sums.numerator as whole_numerator,
        sums.denominator as whole_denominator
    from expected
    left join sums
        on expected.unit_type = sums.unit_type and expected.unit_id = sums.unit_id
        and expected.indicator_id = sums.indicator_id and expected.school_year = sums.school_year
        and expected.period = sums.period
    where
        abs(coalesce(expected.numerator, 0) - coalesce(sums.numerator, 0)) > 1e-6
        or abs(coalesce(expected.denominator, 0) - coalesce(sums.denominator, 0)) > 1e-6
)

select * from final
