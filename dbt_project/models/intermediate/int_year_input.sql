-- One row per school year with results: the fingerprint of all that its rows in the models by year follow
-- from: the code, the accepted files of the year, and what the files of all years make of the schools and
-- assessments that these name. A model by year may read nothing else.
with files as (
    {{ accepted_files([
        source('accepted', 'student_results'), source('accepted', 'school_results'),
        source('accepted', 'appeals'), source('landing', 'student_result_items'),
    ]) }}
),

sightings as (
    select distinct school_year, school_key, school_code
    from {{ ref('int_school_sighting') }}
    where contract in ('student_result', 'school_result')
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

assessments as (
    select * from {{ ref('int_assessment') }}
),

parts as (
    select school_year, contract || ' ' || file_hash as part
    from files
    union all
    select
        sightings.school_year,
        sightings.school_key || ' ' || sightings.school_code || ' ' || {{ row_text('school_years') }} as part
    from sightings
    inner join crosswalk
        on sightings.school_key = crosswalk.school_key and sightings.school_code = crosswalk.school_code
    inner join school_years
        on crosswalk.school_id = school_years.school_id and sightings.school_year = school_years.school_year
    union all
    select school_year, {{ row_text('assessments') }} as part
    from assessments
),

years as (
    select distinct school_year
    from sightings
),

final as (
    select
        parts.school_year,
        {{ dbt.hash(
            "'" ~ env_var('UROVEN_CODE', invocation_id) ~ " " ~ var('region_code') ~ "' || "
            ~ distinct_list('parts.part')
        ) }} as year_input
    from parts
    inner join years on parts.school_year = years.school_year
    group by parts.school_year
)

select * from final
