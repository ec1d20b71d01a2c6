{{ config(severity='warn') }}
-- What: the versions of a school don't overlap in time.
-- When it matters: results of a year could belong to either version; the later one is taken.
-- How to fix: end the earlier version in the register on the day before the later one begins.
with versions as (
    select
        school_id, valid_from, valid_to,
        lead(valid_from) over (partition by school_id order by valid_from) as next_from
    from {{ ref('dim_school') }}
    where valid_from is not null
)

select * from versions
where next_from is not null and (valid_to is null or valid_to >= next_from)
