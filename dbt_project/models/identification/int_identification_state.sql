-- Where a school stands in its episode on the list of a rule. It enters in the first year it is listed, and
-- is out after as many years running as the rule says in which the rule was decided and it wasn't listed;
-- until then, and in years in which the rule can't be decided, it is held.
with labels as (
    select
        school_id, rule_id, school_year, exit_years, is_listed,
        case
            when is_listed then 0
            when status = 'insufficient' and not is_excluded and coalesce(override_state, '') <> 'in_force'
                then 0
            else 1
        end as is_miss
    from {{ ref('int_identification_label') }}
),

counted as (
    select
        *,
        sum(is_miss) over school as misses_n,
        max(case when is_listed then school_year end) over school as last_listed_year
    from labels
    window school as (
        partition by school_id, rule_id order by school_year rows between unbounded preceding and current row
    )
),

since as (
    select
        *,
        misses_n - max(case when is_listed then misses_n end) over (
            partition by school_id, rule_id order by school_year
            rows between unbounded preceding and current row
        ) as misses_since_n
    from counted
),

inside as (
    select
        *,
        coalesce(misses_since_n < exit_years, false) as is_inside,
        lag(coalesce(misses_since_n < exit_years, false), 1, false) over (
            partition by school_id, rule_id order by school_year
        ) as was_inside
    from since
),

numbered as (
    select
        *,
        sum(case when is_inside and not was_inside then 1 else 0 end) over (
            partition by school_id, rule_id order by school_year
            rows between unbounded preceding and current row
        ) as episode
    from inside
),

final as (
    select
        school_id, rule_id, school_year,
        case
            when is_inside and not was_inside then 'entry'
            when is_inside and is_listed then 'stay'
            when is_inside then 'held'
            when was_inside then 'exit'
        end as episode_state,
        case when is_inside or was_inside then episode end as episode,
        case
            when is_inside or was_inside
                then min(school_year) over (partition by school_id, rule_id, episode)
        end as first_year
    from numbered
)

select * from final
