-- Rows behind the rates of school marks: counts of a class, or single students where no counts were sent.
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

rows_with_marks as (
    select * from counted
    where mark_2_n + mark_3_n + mark_4_n + mark_5_n > 0
),

{% set all_marks = 'mark_2_n + mark_3_n + mark_4_n + mark_5_n' %}
final as (
    {{ evidence('rows_with_marks', 'success_rate', 'school_marks', 'mark_3_n + mark_4_n + mark_5_n',
        all_marks, period='period') }}
    union all
    {{ evidence('rows_with_marks', 'quality_rate', 'school_marks', 'mark_4_n + mark_5_n', all_marks,
        period='period') }}
)

select * from final
