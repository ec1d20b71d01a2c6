-- One row per assessment, form, sex, locality and total: its number and how many tested students are in it.
-- Item scores are counted by this number: one narrow key in place of five.
with tested as (
    select * from {{ ref('int_student_result') }}
    where is_tested and scores is not null
),

cells as (
    select
        assessment_id,
        school_year,
        form,
        coalesce(sex, '') as sex,
        coalesce(locality_group, '') as locality_group,
        raw_score,
        count(*) as students_n
    from tested
    group by 1, 2, 3, 4, 5, 6
),

final as (
    select
        row_number() over (order by assessment_id, form, sex, locality_group, raw_score) as cell_id,
        assessment_id,
        school_year,
        form,
        nullif(sex, '') as sex,
        nullif(locality_group, '') as locality_group,
        raw_score,
        students_n
    from cells
)

select * from final
