-- Contracts that an indicator without a value rests on and that the unit has sent nothing of, as one text;
-- units that lack nothing have no row. Of the rows of one requirement any one will do («|»). A contract of
-- scope «school» is looked for among the unit's own schools, of scope «municipality» among all schools of its
-- municipality (a school without grade 11 has no exams of it, and misses none), of scope «region» anywhere.
-- Years before the first one known aren't missed.
with registry as (
    select indicator_id, measure_id, school_group from {{ ref('programme_indicator') }}
),

of_measures as (
    select
        registry.indicator_id, sources.requirement, sources.contract, sources.period, sources.year_offset,
        sources.scope
    from registry
    inner join {{ ref('programme_indicator_source') }} as sources on registry.measure_id = sources.measure_id
    union all
    select indicator_id, 0, 'programme_membership', null, 0, 'region'
    from registry
    where school_group <> 'all'
    {% for contract in ['social_passport', 'context_form'] %}
    union all
    select indicator_id, 0, '{{ contract }}', null, 0, 'region'
    from registry
    where school_group = 'difficult'
    {% endfor %}
),

units as (
    select distinct indicator_id, unit_type, unit_id, school_year
    from {{ ref('int_indicator_value') }}
    where value is null
),

first_year as (
    select min(school_year) as school_year from {{ ref('int_school_year') }}
),

received as (
    select distinct contract, school_year, period, school_id from {{ ref('int_received') }}
),

-- with the kind of unit as a plain key: a condition on one side alone would compare all with all
school_years as (
    select 'school' as unit_type, * from {{ ref('int_school_year') }}
),

programmes as (
    select distinct school_id, school_year, programme
    from {{ ref('int_programme_membership') }}
    where role = 'supported'
),

received_of_units as (
    select 'region' as unit_type, '{{ var("region_code") }}' as unit_id, contract, school_year, period
    from received
    union
    select 'school', school_id, contract, school_year, period from received
    union
    select
        'municipality', school_years.municipality_id, received.contract, received.school_year, received.period
    from received
    inner join school_years
        on received.school_id = school_years.school_id and received.school_year = school_years.school_year
    union
    select 'programme', programmes.programme, received.contract, received.school_year, received.period
    from received
    inner join programmes
        on received.school_id = programmes.school_id and received.school_year = programmes.school_year
),

-- the empty period stands for any: a join on plain keys, where one on «this or any» compares all with all
of_periods as (
    select unit_type, unit_id, contract, school_year, period from received_of_units
    where period is not null
    union
    select unit_type, unit_id, contract, school_year, '' from received_of_units
),

looked_for as (
    select
        units.indicator_id, units.unit_type, units.unit_id, units.school_year, of_measures.requirement,
        of_measures.contract, of_measures.period,
        units.school_year + of_measures.year_offset as source_year,
        case
            when of_measures.scope = 'region' then 'region'
            when of_measures.scope = 'municipality' and school_years.school_id is not null then 'municipality'
            else units.unit_type
        end as source_unit_type,
        case
            when of_measures.scope = 'region' then '{{ var("region_code") }}'
            when of_measures.scope = 'municipality' and school_years.school_id is not null
                then school_years.municipality_id
            else units.unit_id
        end as source_unit_id
    from units
    inner join of_measures on units.indicator_id = of_measures.indicator_id
    cross join first_year
    left join school_years
        on units.unit_type = school_years.unit_type and units.unit_id = school_years.school_id
        and units.school_year = school_years.school_year
    where units.school_year + of_measures.year_offset >= first_year.school_year
),

checked as (
    select
        looked_for.*,
        of_periods.contract as received_contract,
        looked_for.contract || coalesce(' ' || looked_for.period, '')
        || case
            when looked_for.source_year <> looked_for.school_year
                then ' ' || cast(looked_for.source_year as {{ dbt.type_string() }})
            else ''
        end as missing_label
    from looked_for
    left join of_periods
        on looked_for.source_unit_type = of_periods.unit_type
        and looked_for.source_unit_id = of_periods.unit_id
        and looked_for.contract = of_periods.contract
        and looked_for.source_year = of_periods.school_year
        and coalesce(looked_for.period, '') = of_periods.period
),

requirements as (
    select
        indicator_id, unit_type, unit_id, school_year, requirement,
        count(received_contract) as received_n,
        {{ distinct_list('missing_label', ' | ') }} as contract
    from checked
    group by indicator_id, unit_type, unit_id, school_year, requirement
),

final as (
    select
        indicator_id, unit_type, unit_id, school_year,
        {{ distinct_list('contract') }} as missing_contract
    from requirements
    where received_n = 0
    group by indicator_id, unit_type, unit_id, school_year
)

select * from final
