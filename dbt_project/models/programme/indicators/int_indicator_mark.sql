-- School marks by term and year: success rate (marks of 3 and above) and quality rate (4 and 5); and whether
-- a school's rate of the year is above the year before beyond error (two shares, two-sided 5 %). Rows of
-- single students count only where no counts of the class were sent.
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
        school_id, school_year, period,
        sum(
            case when student_key is null then coalesce(mark_2_n, 0) when mark = 2 then 1 else 0 end
        ) as mark_2_n,
        sum(
            case when student_key is null then coalesce(mark_3_n, 0) when mark = 3 then 1 else 0 end
        ) as mark_3_n,
        sum(
            case
                when student_key is null then coalesce(mark_4_n, 0) + coalesce(mark_5_n, 0)
                when mark in (4, 5) then 1
                else 0
            end
        ) as mark_45_n
    from sources
    where student_key is null or counts_rows_n = 0
    group by school_id, school_year, period
),

rates as (
    select
        school_id, school_year, period,
        mark_2_n + mark_3_n + mark_45_n as marks_n,
        mark_3_n + mark_45_n as success_n,
        mark_45_n as quality_n
    from counted
    where mark_2_n + mark_3_n + mark_45_n > 0
),

years as (
    select * from rates
    where period = 'year'
),

changes as (
    select
        now.school_id, now.school_year,
        {% for rate in ['success', 'quality'] %}
        1.0 * now.{{ rate }}_n / now.marks_n - 1.0 * year_before.{{ rate }}_n / year_before.marks_n
            as {{ rate }}_change,
        1.0 * (now.{{ rate }}_n + year_before.{{ rate }}_n) / (now.marks_n + year_before.marks_n)
            as {{ rate }}_pooled,
        {% endfor %}
        1.0 / now.marks_n + 1.0 / year_before.marks_n as inverse_n
    from years as now
    inner join years as year_before
        on now.school_id = year_before.school_id and now.school_year = year_before.school_year + 1
),

final as (
    {% for rate in ['success', 'quality'] %}
    {{ school_measure('rates', rate ~ '_rate', rate ~ '_n', 'marks_n', period='period') }}
    union all
    {{ school_measure('changes', rate ~ '_improved',
        'case when ' ~ rate ~ '_change > ' ~ normal_quantile() | trim ~ ' * sqrt('
        ~ rate ~ '_pooled * (1 - ' ~ rate ~ '_pooled) * inverse_n) then 1 else 0 end') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
