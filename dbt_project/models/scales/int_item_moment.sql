{{ config(materialized='table') }}
-- One row per assessment, form and item: sums over the students from the score counts, and the moments that
-- classical statistics are made of. Variances and covariances divide by n. Sums of whole numbers are exact.
with counts as (
    select * from {{ ref('fct_item_score_count') }}
    where comparison_group = 'all'
),

sums as (
    select
        assessment_id, form, item,
        sum(n) as n,
        sum(omitted_n) as omitted_n,
        sum(n * item_score) as score_sum,
        sum(n * item_score * item_score) as score_square_sum,
        sum(n * raw_score) as raw_sum,
        sum(cast(n as double) * raw_score * raw_score) as raw_square_sum,
        sum(cast(n as double) * item_score * raw_score) as product_sum
    from counts
    group by assessment_id, form, item
),

moments as (
    select
        *,
        1e0 * score_sum / n as mean,
        {{ variance_of_sums('n', 'score_sum', 'score_square_sum') }} as variance,
        {{ variance_of_sums('n', 'raw_sum', 'raw_square_sum') }} as raw_variance,
        {{ covariance_of_sums('n', 'score_sum', 'raw_sum', 'product_sum') }} as covariance
    from sums
),

forms as (
    select
        assessment_id, form,
        count(*) as items_n,
        {{ exact_sum('variance') }} as item_variance_sum
    from moments
    group by assessment_id, form
),

final as (
    select
        moments.*,
        moments.raw_variance + moments.variance - 2 * moments.covariance as rest_variance,
        forms.items_n,
        forms.item_variance_sum
    from moments
    inner join forms on moments.assessment_id = forms.assessment_id and moments.form = forms.form
)

select * from final
