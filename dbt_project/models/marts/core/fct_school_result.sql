-- Results of schools as the sender added them up, resolved to our schools and assessments.
with school_results as (
    select * from {{ ref('stg_school_result') }}
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        crosswalk.school_id,
        school_years.k_school,
        school_results.assessment_id,
        school_results.school_year,
        school_years.municipality_id,
        school_results.tested_n, school_results.below_min_n, school_results.high_n, school_results.max_n,
        100e0 * school_results.below_min_n / nullif(school_results.tested_n, 0) as below_min_pct,
        school_results.mean_score, school_results.sd, school_results.file_id, school_results.sheet,
        school_results.source_row
    from school_results
    inner join crosswalk
        on school_results.school_key = crosswalk.school_key
        and school_results.school_code = crosswalk.school_code
    inner join school_years
        on crosswalk.school_id = school_years.school_id
        and school_results.school_year = school_years.school_year
)

select * from final
