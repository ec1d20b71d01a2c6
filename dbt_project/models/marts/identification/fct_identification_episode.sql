-- Times that schools were on the list of a rule, from entry to exit.
with states as (
    select * from {{ ref('int_identification_state') }}
    where episode is not null
),

labels as (
    select * from {{ ref('int_identification_label') }}
),

latest as (
    select rule_id, max(school_year) as last_year from {{ ref('int_rule_year') }}
    group by rule_id
),

episodes as (
    select
        states.school_id, states.rule_id, states.episode,
        min(states.first_year) as first_year,
        max(case when labels.is_listed then states.school_year end) as last_listed_year,
        max(case when states.episode_state = 'exit' then states.school_year end) as exit_year,
        max(states.school_year) as last_seen_year,
        count(case when labels.is_listed then 1 end) as listed_years_n
    from states
    inner join labels
        on states.school_id = labels.school_id and states.rule_id = labels.rule_id
        and states.school_year = labels.school_year
    group by states.school_id, states.rule_id, states.episode
),

final as (
    select
        episodes.school_id,
        episodes.rule_id,
        cast(episodes.first_year as integer) as first_year,
        cast(episodes.last_listed_year as integer) as last_listed_year,
        cast(episodes.exit_year as integer) as exit_year,
        cast(episodes.listed_years_n as integer) as listed_years_n,
        case
            when episodes.exit_year is not null then 'exited'
            when episodes.last_seen_year < latest.last_year then 'school_gone'
            else 'on_list'
        end as episode_end
    from episodes
    inner join latest on episodes.rule_id = latest.rule_id
)

select * from final
