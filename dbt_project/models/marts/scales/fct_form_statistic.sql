-- Forms: reliability and the distribution of raw scores, from the score counts alone. The sd divides by
-- n − 1, the skewness is the ratio of moments, quartiles are linear between order statistics.
with items as (
    select * from {{ ref('int_item_moment') }}
),

item_statistics as (
    select assessment_id, form, sum(max_score) as max_score
    from {{ ref('fct_item_statistic') }}
    group by assessment_id, form
),

scale as (
    select * from {{ source('scales', 'form') }}
),

of_items as (
    select
        assessment_id, form,
        max(n) as n,
        max(items_n) as items_n,
        max(raw_sum) as raw_sum,
        max(raw_variance) as raw_variance,
        max(item_variance_sum) as item_variance_sum,
        sum(omitted_n) as omitted_n,
        sum(n) as answers_n
    from items
    group by assessment_id, form
),

counted as (
    select assessment_id, form, raw_score, item, sum(n) as n
    from {{ ref('fct_item_score_count') }}
    where comparison_group = 'all'
    group by assessment_id, form, raw_score, item
),

students as (
    select assessment_id, form, raw_score, max(n) as n
    from counted
    group by assessment_id, form, raw_score
),

cumulated as (
    select
        students.*,
        of_items.n as form_n,
        1e0 * of_items.raw_sum / of_items.n as mean,
        item_statistics.max_score,
        sum(students.n) over (
            partition by students.assessment_id, students.form order by students.raw_score
        ) as upto_n
    from students
    inner join of_items
        on students.assessment_id = of_items.assessment_id and students.form = of_items.form
    inner join item_statistics
        on students.assessment_id = item_statistics.assessment_id and students.form = item_statistics.form
),

-- a quartile lies between the students number floor(place) and the next, counted from 0
distribution as (
    select
        assessment_id, form,
        {% for name, share in [('p25', 0.25), ('p50', 0.5), ('p75', 0.75)] %}
        min(case when upto_n > floor((form_n - 1) * {{ share }}) then raw_score end) as {{ name }}_below,
        min(case when upto_n > least(floor((form_n - 1) * {{ share }}) + 1, form_n - 1) then raw_score end)
            as {{ name }}_above,
        max(cast((form_n - 1) * {{ share }} - floor((form_n - 1) * {{ share }}) as double))
            as {{ name }}_part,
        {% endfor %}
        max(mean) as mean,
        max(max_score) as max_score,
        {{ exact_sum('cast(n as double) * power(raw_score - mean, 3)') }} / max(form_n) as third_moment,
        1e0 * sum(case when raw_score = 0 then n else 0 end) / max(form_n) as floor_share,
        1e0 * sum(case when raw_score = max_score then n else 0 end) / max(form_n) as ceiling_share
    from cumulated
    group by assessment_id, form
),

judged as (
    select
        of_items.*,
        case
            when of_items.n <= 1 then 'single_student'
            when of_items.raw_variance < {{ least_variance() }} then 'constant_total'
            when of_items.items_n = 1 then 'single_item'
            else 'ok'
        end as classical_status,
        case
            when of_items.items_n > 1 and of_items.raw_variance >= {{ least_variance() }}
                then of_items.items_n / (of_items.items_n - 1e0)
                    * (1 - of_items.item_variance_sum / of_items.raw_variance)
        end as alpha,
        case
            when of_items.n > 1
                then sqrt(greatest(of_items.raw_variance, 0) * of_items.n / (of_items.n - 1))
        end as sd
    from of_items
),

final as (
    select
        judged.assessment_id,
        judged.form,
        cast(judged.n as bigint) as n,
        cast(judged.items_n as bigint) as items_n,
        distribution.max_score,
        distribution.mean as mean_score,
        judged.sd,
        case
            when judged.raw_variance >= {{ least_variance() }}
                then distribution.third_moment / power(judged.raw_variance, 1.5)
        end as skewness,
        {% for name in ['p25', 'p50', 'p75'] %}
        distribution.{{ name }}_below
        + distribution.{{ name }}_part * (distribution.{{ name }}_above - distribution.{{ name }}_below)
            as {{ name }},
        {% endfor %}
        100 * distribution.floor_share as floor_pct,
        100 * distribution.ceiling_share as ceiling_pct,
        judged.alpha,
        judged.sd * sqrt(1 - judged.alpha) as sem,
        100e0 * judged.omitted_n / judged.answers_n as omitted_pct,
        judged.classical_status,
        coalesce(scale.status, 'not_calibrated') as scale_status,
        scale.message_ru,
        scale.message_en
    from judged
    inner join distribution
        on judged.assessment_id = distribution.assessment_id and judged.form = distribution.form
    left join scale on judged.assessment_id = scale.assessment_id and judged.form = scale.form
)

select * from final
