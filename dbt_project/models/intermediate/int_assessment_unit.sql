{{ config(materialized=by_year()) }}
-- One row per unit (class, school, municipality, region), assessment and subgroup: counts and sums of
-- results. Students are counted once, by class and sex; all units and subgroups are added up from these
-- cells, so that the parts make the whole. A school's cells are the rows of its students, or the totals it
-- sent where these tell of clearly more students (source): a row that is missing or was annulled since is
-- no reason to give up quartiles and marks. A unit of schools of both kinds is «mixed». An empty cell of a
-- column of totals that other schools of the table filled in means none. Totals have no classes and no sex:
-- these subgroups are of the schools with students' rows.
{% set counts = ['tested_n', 'absent_n', 'scored_n', 'marked_n', 'mark_2_n', 'mark_3_n',
    'mark_4_n', 'mark_5_n', 'judged_n', 'below_min_n', 'journal_n', 'lowered_n', 'confirmed_n', 'raised_n'] %}
with results as (
    select * from {{ ref('int_student_result') }}
    where (is_tested or is_absent) and {{ is_stale_year() }}
),

sent_results as (
    select * from {{ ref('stg_school_result') }}
    where {{ is_stale_year() }}
),

years as (
    select * from {{ ref('int_year_input') }}
),

school_results as (
    select
        school_result.*,
        crosswalk.school_id,
        school_year.municipality_id,
        school_year.locality_group,
        count(school_result.below_min_n) over (partition by school_result.assessment_id) as below_min_filled_n
    from sent_results as school_result
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on school_result.school_key = crosswalk.school_key
        and school_result.school_code = crosswalk.school_code
    inner join {{ ref('int_school_year') }} as school_year
        on crosswalk.school_id = school_year.school_id and school_result.school_year = school_year.school_year
),

of_students as (
    select assessment_id, school_id, sum(case when is_tested then 1 else 0 end) as tested_n
    from results
    group by assessment_id, school_id
),

of_totals as (
    select assessment_id, school_id, sum(tested_n) as tested_n
    from school_results
    group by assessment_id, school_id
),

sources as (
    select
        coalesce(of_students.assessment_id, of_totals.assessment_id) as assessment_id,
        coalesce(of_students.school_id, of_totals.school_id) as school_id,
        case
            when of_students.school_id is null then 'school_totals'
            when of_students.tested_n = 0 and of_totals.tested_n > 0 then 'school_totals'
            -- clearly more: over one student, and over a tenth of those the totals tell of [local]
            when
                of_totals.tested_n > of_students.tested_n + 1
                and 10 * of_students.tested_n < 9 * of_totals.tested_n
                then 'school_totals'
            else 'students'
        end as source
    from of_students
    full outer join of_totals
        on of_students.assessment_id = of_totals.assessment_id
        and of_students.school_id = of_totals.school_id
),

student_cells as (
    select
        assessment_id, school_year, school_id, municipality_id, locality_group,
        {{ class_or_rest('class_name', 'assessment_id', 'school_id') }} as class_name,
        sex,
        'students' as source,
        sum(case when is_tested then 1 else 0 end) as tested_n,
        sum(case when is_absent then 1 else 0 end) as absent_n,
        count(case when is_tested then result_score end) as scored_n,
        {{ exact_sum('case when is_tested then result_score end') }} as score_sum,
        {{ exact_sum('case when is_tested then result_score * result_score end') }} as score_square_sum,
        count(case when is_tested then mark end) as marked_n,
        {% for mark in [2, 3, 4, 5] %}
        sum(case when is_tested and mark = {{ mark }} then 1 else 0 end) as mark_{{ mark }}_n,
        {% endfor %}
        count(case when is_tested then below_min end) as judged_n,
        sum(case when is_tested and below_min then 1 else 0 end) as below_min_n,
        count(case when is_tested then mark - journal_mark end) as journal_n,
        sum(case when is_tested and mark < journal_mark then 1 else 0 end) as lowered_n,
        sum(case when is_tested and mark = journal_mark then 1 else 0 end) as confirmed_n,
        sum(case when is_tested and mark > journal_mark then 1 else 0 end) as raised_n
    from results
    group by
        assessment_id, school_year, school_id, municipality_id, locality_group, class_name, sex
),

total_cells as (
    select
        school_results.assessment_id, school_results.school_year, school_results.school_id,
        school_results.municipality_id, school_results.locality_group, null as class_name, null as sex,
        'school_totals' as source,
        school_results.tested_n,
        cast(null as bigint) as absent_n,
        case when school_results.mean_score is null then 0 else school_results.tested_n end as scored_n,
        school_results.tested_n * school_results.mean_score as score_sum,
        (school_results.tested_n - 1) * school_results.sd * school_results.sd
        + school_results.tested_n * school_results.mean_score * school_results.mean_score as score_square_sum,
        0 as marked_n, 0 as mark_2_n, 0 as mark_3_n, 0 as mark_4_n, 0 as mark_5_n,
        case when school_results.below_min_filled_n > 0 then school_results.tested_n else 0 end as judged_n,
        coalesce(school_results.below_min_n, 0) as below_min_n,
        0 as journal_n, 0 as lowered_n, 0 as confirmed_n, 0 as raised_n
    from school_results
),

all_cells as (
    select * from student_cells
    union all
    select * from total_cells
),

cells as (
    select all_cells.*
    from all_cells
    inner join sources
        on all_cells.assessment_id = sources.assessment_id and all_cells.school_id = sources.school_id
        and all_cells.source = sources.source
),

units as (
    select
        {{ unit_columns() }},
        assessment_id, school_year, school_id, municipality_id, locality_group,
        case when min(source) = max(source) then min(source) else 'mixed' end as source,
        {% for count in counts %}
        cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor %}
        {{ exact_sum('score_sum') }} as score_sum,
        -- the sum of squares is known only if each part has one
        case
            when sum(case when scored_n > 0 and score_square_sum is null then 1 else 0 end) = 0
                then {{ exact_sum('score_square_sum') }}
        end as score_square_sum
    from cells
    group by grouping sets ({{ unit_sets() }})  -- noqa: PRS
),

final as (
    select units.*, years.year_input
    from units
    inner join years on units.school_year = years.school_year
    -- no unit is made of students whose class, municipality, sex or locality isn't known
    where units.unit_id is not null and units.subgroup is not null
)

select * from final
