-- Schools that carry official signs in the works the method names, of the schools looked at. The method marks
-- a school by any sign; as one of them makes up most of it, each stands apart as well.
with signs as (
    select school_id, school_year, sign, flagged
    from {{ ref('fct_objectivity_flag') }}
    where is_official and status = 'ok'
),

looked_at as (
    select
        school_id,
        school_year,
        case when grouping(sign) = 1 then 'any' else sign end as sign,
        max(case when flagged then 1 else 0 end) as is_marked
    from signs
    group by grouping sets ((school_id, school_year), (school_id, school_year, sign))  -- noqa: PRS
),

places as (
    select school_id, school_year, municipality_id
    from {{ ref('int_school_year') }}
),

members as (
    select 'region' as unit_type, '{{ var("region_code") }}' as unit_id, school_year, sign, is_marked
    from looked_at
    union all
    select 'municipality', places.municipality_id, looked_at.school_year, looked_at.sign, looked_at.is_marked
    from looked_at
    inner join places
        on looked_at.school_id = places.school_id and looked_at.school_year = places.school_year
    where places.municipality_id is not null
),

final as (
    select
        unit_type,
        unit_id,
        school_year,
        sign,
        count(*) as schools_n,
        cast(sum(is_marked) as bigint) as marked_n,
        100e0 * sum(is_marked) / count(*) as marked_pct,
        case when sign = 'any' then 100 - 100e0 * sum(is_marked) / count(*) end as objectivity_index
    from members
    group by unit_type, unit_id, school_year, sign
)

select * from final
