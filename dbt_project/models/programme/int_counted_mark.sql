{{ config(materialized='view') }}
-- Rows of school marks that count: the counts of a class and subject, or single students where no counts of
-- the class were sent.
with marks as (
    {{ school_rows('stg_school_mark') }}
),

sources as (
    select
        *,
        count(case when student_key is null then 1 end) over (
            partition by school_id, school_year, class_name, grade, subject, period
        ) as counts_rows_n
    from marks
),

counted as (
    select
        {% for mark in [2, 3, 4, 5] %}
        case
            when student_key is null then coalesce(mark_{{ mark }}_n, 0) when mark = {{ mark }} then 1 else 0
        end as mark_{{ mark }}_n,
        {% endfor %}
        school_id, school_year, period, file_id, sheet, source_row
    from sources
    where student_key is null or counts_rows_n = 0
),

final as (
    select
        *,
        mark_2_n + mark_3_n + mark_4_n + mark_5_n as marks_n,
        mark_3_n + mark_4_n + mark_5_n as success_n,
        mark_4_n + mark_5_n as quality_n
    from counted
    where mark_2_n + mark_3_n + mark_4_n + mark_5_n > 0
)

select * from final
