-- What: Wilson's 95 % interval gives known numbers: 8 of 10, 0 of 10, 10 of 10, 1 of 3; nothing of nothing.
-- When it matters: every share below the minimum is shown, and schools are confirmed, by these bounds.
-- How to fix: the macro was changed; it must agree with the interval of the scipy and R packages.
with examples as (
    select 8 as k, 10 as n, 0.4901624715366418 as low, 0.9433178485456248 as high
    union all
    select 0 as k, 10 as n, 0.0 as low, 0.27753279986288926 as high
    union all
    select 10 as k, 10 as n, 0.7224672001371109 as low, 1.0 as high
    union all
    select 1 as k, 3 as n, 0.06149194472039626 as low, 0.7923403991979523 as high
    union all
    select 0 as k, 0 as n, null as low, null as high
),

computed as (
    select *, {{ wilson_low('k', 'n') }} as wilson_low, {{ wilson_high('k', 'n') }} as wilson_high
    from examples
)

select * from computed
where
    abs(wilson_low - low) > 1e-9
    or abs(wilson_high - high) > 1e-9
    or (n = 0 and (wilson_low is not null or wilson_high is not null))
    or (n > 0 and (wilson_low is null or wilson_high is null))
