-- Conditions of schools: the checklist of equal access, and staffing. A school is known to meet the checklist
-- when every condition is, known not to when one isn't; else it isn't counted. A post filled twice, as in a
-- parental leave, counts once.
with conditions as (
    select * from {{ ref('fct_access_condition') }}
    where is_required
),

checklist as (
    select years.school_year, count(*) as required_n
    from (select distinct school_year from {{ ref('int_school_year') }}) as years
    inner join {{ ref('access_checklist') }} as checklist
        on years.school_year between checklist.from_year and checklist.to_year
    group by years.school_year
),

reported as (
    select
        school_id, school_year, count(*) as reported_n,
        sum(case when is_met then 1 else 0 end) as met_n
    from conditions
    group by school_id, school_year
),

access as (
    select
        reported.school_id, reported.school_year,
        case when reported.met_n = checklist.required_n then 1 else 0 end as is_ensured
    from reported
    inner join checklist on reported.school_year = checklist.school_year
    where reported.reported_n = checklist.required_n or reported.met_n < reported.reported_n
),

staffing as (
    select * from {{ ref('fct_school_staffing') }}
    where positions > 0
),

filled as (
    select * from staffing
    where filled_once is not null
),

qualified as (
    select * from staffing
    where qualified_once is not null
),

final as (
    {{ school_measure('access', 'access_ensured', 'is_ensured') }}
    union all
    {{ school_measure('filled', 'staffing_filled', 'filled_once', 'positions') }}
    union all
    {{ school_measure('qualified', 'staffing_qualified', 'qualified_once', 'positions') }}
)

select * from final
