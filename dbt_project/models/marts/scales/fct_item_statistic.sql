-- Items: classical statistics from the score counts alone, and the parameters of the calibration beside them.
-- A variant's items are its own; students to whom a topic was not taught make a form of their own.
with moments as (
    select *, {{ dbt.split_part('form', "' без '", 1) }} as base_form
    from {{ ref('int_item_moment') }}
),

items as (
    select assessment_id, form, item, item_position, max_score
    from {{ ref('dim_item') }}
),

calibrated as (
    select * from {{ source('scales', 'item') }}
),

-- of the compared groups those that differ most
differences as (
    select
        *,
        row_number() over (
            partition by assessment_id, form, item
            order by
                case dif_class when 'C' then 0 when 'B' then 1 when 'A' then 2 else 3 end, p_value, dimension
        ) as place
    from {{ ref('fct_item_dif') }}
),

ranked as (
    select
        moments.assessment_id, moments.form, moments.item, items.item_position, items.max_score,
        row_number() over (
            partition by moments.assessment_id, moments.form, moments.item
            order by
                case items.form when moments.form then 0 when moments.base_form then 1 else 2 end
        ) as place
    from moments
    inner join items
        on moments.assessment_id = items.assessment_id and moments.item = items.item
        and items.form in (moments.form, moments.base_form, '*')
),

maxima as (
    select * from ranked
    where place = 1
),

judged as (
    select
        *,
        -- nothing, where the item or the rest of the form does not vary
        (covariance - variance) / nullif(sqrt(greatest(variance, 0) * greatest(rest_variance, 0)), 0)
            as item_rest,
        case
            when n <= 1 then 'single_student'
            when items_n = 1 then 'single_item'
            when raw_variance < {{ least_variance() }} then 'constant_total'
            when variance < {{ least_variance() }} then 'constant_item'
            when rest_variance < {{ least_variance() }} then 'constant_rest'
            else 'ok'
        end as classical_status
    from moments
),

final as (
    select
        judged.assessment_id,
        judged.form,
        judged.item,
        maxima.item_position,
        maxima.max_score,
        cast(judged.n as bigint) as n,
        judged.mean as mean_score,
        judged.mean / nullif(maxima.max_score, 0) as p_correct,
        case
            when judged.n > 1 then sqrt(greatest(judged.variance, 0) * judged.n / (judged.n - 1))
        end as sd,
        case
            when judged.classical_status = 'ok' then greatest(-1.0, least(1.0, judged.item_rest))
        end as item_rest_correlation,
        case
            when judged.items_n > 2 and judged.rest_variance >= {{ least_variance() }}
                then (judged.items_n - 1e0) / (judged.items_n - 2)
                    * (1 - (judged.item_variance_sum - judged.variance) / judged.rest_variance)
        end as alpha_if_deleted,
        100e0 * judged.omitted_n / judged.n as omitted_pct,
        judged.classical_status,
        calibrated.calibrated_as,
        coalesce(calibrated.is_anchor, false) as is_anchor,
        coalesce(calibrated.status, 'not_calibrated') as calibration_status,
        calibrated.difficulty_logit,
        calibrated.difficulty_se,
        calibrated.steps,
        calibrated.infit,
        calibrated.outfit,
        calibrated.fit_status,
        differences.dif_class,
        differences.dimension as dif_dimension,
        differences.method as dif_method,
        differences.reference_n + differences.focal_n as dif_n,
        differences.effect as dif_effect,
        differences.p_adjusted as dif_p_adjusted,
        differences.status as dif_status
    from judged
    left join maxima
        on judged.assessment_id = maxima.assessment_id and judged.form = maxima.form
        and judged.item = maxima.item
    left join calibrated
        on judged.assessment_id = calibrated.assessment_id and judged.form = calibrated.form
        and judged.item = calibrated.item
    left join differences
        on judged.assessment_id = differences.assessment_id and judged.form = differences.form
        and judged.item = differences.item and differences.place = 1
)

select * from final
