-- The prior of a school's true share below the minimum, by assessment: the beta distribution whose mean and
-- spread are those of all schools (moments with weights n: Kleinman 1973), Jeffreys' Beta(½, ½) where the
-- schools differ no more than chance makes them differ, or are too few.
with results as (
    select school_id, assessment_id, judged_n, below_min_n
    from {{ ref('fct_assessment_aggregate') }}
    where unit_type = 'school' and subgroup = 'all' and judged_n > 0
),

totals as (
    select
        assessment_id,
        count(*) as schools_n,
        sum(judged_n) as n,
        1e0 * sum(below_min_n) / sum(judged_n) as mean_share,
        sum(judged_n) - 1e0 * sum(judged_n * judged_n) / sum(judged_n) as weight
    from results
    group by assessment_id
),

spread as (
    select
        results.assessment_id,
        {{ exact_sum(
            'results.judged_n * power(1e0 * results.below_min_n / results.judged_n - totals.mean_share, 2)'
        ) }} as square_sum
    from results
    inner join totals on results.assessment_id = totals.assessment_id
    group by results.assessment_id
),

correlated as (
    -- the share of the variance that lies between schools; expected square sum: p(1-p)[K-1 + rho(W-K+1)]
    select
        totals.*,
        (spread.square_sum / nullif(totals.mean_share * (1 - totals.mean_share), 0) - (totals.schools_n - 1))
        / nullif(totals.weight - (totals.schools_n - 1), 0) as between_share
    from totals
    inner join spread on totals.assessment_id = spread.assessment_id
),

fitted as (
    select
        *,
        coalesce(
            schools_n >= {{ prior_schools_n() }} and between_share > 0 and between_share < 1, false
        ) as is_fitted,
        1 / nullif(between_share, 0) - 1 as strength
    from correlated
),

final as (
    select
        assessment_id, schools_n, mean_share, between_share, is_fitted,
        case when is_fitted then mean_share * strength else 0.5 end as alpha,
        case when is_fitted then (1 - mean_share) * strength else 0.5 end as beta
    from fitted
)

select * from final
