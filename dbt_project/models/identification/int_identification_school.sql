-- The schools that were there in a school year: open on its last day, or with results of the year, and not
-- merged into another one by then.
with school_years as (
    select * from {{ ref('int_school_year') }}
),

schools as (
    select * from {{ ref('int_school') }}
),

merged as (
    select distinct school_year, source_school_id as school_id
    from {{ ref('int_school_lineage') }}
    where is_inherited
),

with_results as (
    select distinct unit_id as school_id, school_year
    from {{ ref('fct_assessment_aggregate') }}
    where unit_type = 'school' and subgroup = 'all'
),

years as (
    select distinct school_year from with_results
    union
    select distinct school_year from {{ ref('fct_school_context') }}
),

final as (
    select
        school_years.school_id, school_years.school_year, school_years.k_school,
        school_years.municipality_id, schools.school_kind
    from school_years
    inner join years on school_years.school_year = years.school_year
    inner join schools on school_years.k_school = schools.k_school
    left join merged
        on school_years.school_id = merged.school_id and school_years.school_year = merged.school_year
    left join with_results
        on school_years.school_id = with_results.school_id
        and school_years.school_year = with_results.school_year
    where
        merged.school_id is null
        and (
            with_results.school_id is not null
            or (
                not school_years.is_placeholder
                and coalesce(schools.valid_from, {{ school_year_day('school_years.school_year') }})
                <= {{ school_year_day('school_years.school_year') }}
                and coalesce(schools.valid_to, {{ school_year_day('school_years.school_year') }})
                >= {{ school_year_day('school_years.school_year') }}
            )
        )
)

select * from final
