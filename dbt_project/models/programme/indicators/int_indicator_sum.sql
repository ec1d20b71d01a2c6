-- Facts added up to units by the registry: school, municipality, programme (its supported schools), region.
-- side: group, or reference, the schools that the group is compared with, for the region only. Every school
-- of the group counts in members_n, those with facts in schools_n. The sums of squares and products over
-- schools give the error that allows for clusters.
with registry as (
    select * from {{ ref('programme_indicator') }}
    where statistic <> 'estimate'
),

groups as (
    select * from {{ ref('int_programme_group') }}
),

facts as (
    select * from {{ ref('int_indicator_fact') }}
),

programmes as (
    select distinct school_id, school_year, programme
    from {{ ref('int_programme_membership') }}
    where role = 'supported'
),

sides as (
    select indicator_id, measure_id, school_group, 'group' as side from registry
    union all
    select indicator_id, measure_id, reference_group, 'reference' from registry
    where reference_group is not null
),

periods as (
    select distinct measure_id, school_year, period from facts
),

members as (
    select
        sides.indicator_id, sides.measure_id, sides.side,
        groups.school_id, groups.municipality_id, groups.school_year,
        coalesce(periods.period, 'year') as period
    from sides
    inner join groups on sides.school_group = groups.school_group
    left join periods
        on sides.measure_id = periods.measure_id and groups.school_year = periods.school_year
),

cells as (
    select
        members.indicator_id, members.side, members.school_id, members.municipality_id,
        cast(null as {{ dbt.type_string() }}) as programme, members.school_year, members.period,
        facts.numerator, facts.denominator, facts.numerator_variance
    from members
    left join facts
        on members.measure_id = facts.measure_id and members.school_id = facts.school_id
        and members.school_year = facts.school_year and members.period = facts.period
    union all
    select
        sides.indicator_id, sides.side, null, facts.municipality_id, facts.programme, facts.school_year,
        facts.period, facts.numerator, facts.denominator, facts.numerator_variance
    from sides
    inner join facts on sides.measure_id = facts.measure_id
    where sides.school_group = 'all' and facts.school_id is null
),

of_units as (
    select 'region' as unit_type, '{{ var("region_code") }}' as unit_id, cells.* from cells
    union all
    select 'municipality', municipality_id, cells.* from cells
    where side = 'group' and municipality_id is not null
    union all
    select 'school', school_id, cells.* from cells
    where side = 'group' and school_id is not null
    union all
    select 'programme', cells.programme, cells.* from cells
    where side = 'group' and cells.programme is not null
    union all
    select 'programme', programmes.programme, cells.*
    from cells
    inner join programmes
        on cells.school_id = programmes.school_id and cells.school_year = programmes.school_year
    where cells.side = 'group'
),

final as (
    select
        indicator_id, side, unit_type, unit_id, school_year, period,
        {{ exact_sum('numerator') }} as numerator,
        {{ exact_sum('denominator') }} as denominator,
        {{ exact_sum('numerator_variance') }} as numerator_variance,
        count(school_id) as members_n,
        count(case when denominator is not null then school_id end) as schools_n,
        {{ exact_sum('numerator * numerator') }} as numerator_square_sum,
        {{ exact_sum('numerator * denominator') }} as product_sum,
        {{ exact_sum('denominator * denominator') }} as denominator_square_sum
    from of_units
    group by indicator_id, side, unit_type, unit_id, school_year, period
)

select * from final
