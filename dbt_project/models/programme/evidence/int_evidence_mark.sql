-- Rows behind the rates of school marks: counts of a class, or single students where no counts were sent.
with marks as (
    select * from {{ ref('int_counted_mark') }}
),

final as (
    {{ evidence('marks', 'success_rate', 'school_marks', 'success_n', 'marks_n', period='period') }}
    union all
    {{ evidence('marks', 'quality_rate', 'school_marks', 'quality_n', 'marks_n', period='period') }}
)

select * from final
