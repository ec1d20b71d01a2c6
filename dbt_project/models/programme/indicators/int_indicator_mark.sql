-- School marks by term and year: success rate (marks of 3 and above) and quality rate (4 and 5); and whether
-- a school's rate of the year is above the year before beyond error (two shares, two-sided 5 %).
with rates as (
    select
        school_id, school_year, period,
        sum(marks_n) as marks_n, sum(success_n) as success_n, sum(quality_n) as quality_n
    from {{ ref('int_counted_mark') }}
    group by school_id, school_year, period
),

years as (
    select * from rates
    where period = 'year'
),

changes as (
    select
        now.school_id, now.school_year,
        {% for rate in ['success', 'quality'] %}
        1e0 * now.{{ rate }}_n / now.marks_n - 1e0 * year_before.{{ rate }}_n / year_before.marks_n
            as {{ rate }}_change,
        1e0 * (now.{{ rate }}_n + year_before.{{ rate }}_n) / (now.marks_n + year_before.marks_n)
            as {{ rate }}_pooled,
        {% endfor %}
        1e0 / now.marks_n + 1e0 / year_before.marks_n as inverse_n
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
