-- Every row that counts in a school's result of an assessment: a student's, or the totals that the school
-- sent in their place. z_sum: the row's part of the sum of standardised results (the region's mean and
-- standard deviation), empty where the assessment has no spread.
with schools as (
    select assessment_id, school_id, source from {{ ref('int_assessment_unit') }}
    where subgroup = 'all' and unit_type = 'school'
),

spreads as (
    select * from {{ ref('int_assessment_spread') }}
),

totals as (
    {{ school_rows('stg_school_result') }}
),

totals_marked as (
    select
        *,
        count(below_min_n) over (partition by assessment_id) > 0 as tells_below_min
    from totals
),

counted as (
    select
        assessment_id, school_id, school_year, 'students' as source, 'student_results' as contract,
        file_id, sheet, source_row, mark,
        1 as tested_n,
        case when result_score is null then 0 else 1 end as scored_n,
        coalesce(result_score, 0) as score_sum,
        case when below_min is null then 0 else 1 end as judged_n,
        case when below_min then 1 else 0 end as below_min_n
    from {{ ref('int_student_result') }}
    where is_tested
    union all
    select
        assessment_id, school_id, school_year, 'school_totals', 'school_results',
        file_id, sheet, source_row, null,
        tested_n,
        case when mean_score is null then 0 else tested_n end,
        coalesce(tested_n * mean_score, 0),
        case when tells_below_min then tested_n else 0 end,
        coalesce(below_min_n, 0)
    from totals_marked
),

final as (
    select
        counted.*,
        (counted.score_sum - counted.scored_n * spreads.mean_score) / sqrt(spreads.score_variance) as z_sum
    from counted
    inner join schools
        on counted.assessment_id = schools.assessment_id and counted.school_id = schools.school_id
        and counted.source = schools.source
    left join spreads on counted.assessment_id = spreads.assessment_id
)

select * from final
