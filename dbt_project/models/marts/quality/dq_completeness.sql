-- One row per expected submission: what the calendar asks of a school (or of the region as a whole) for
-- a contract and period, and whether its rows came in time.
-- Expected of: the register's schools of the kinds asked that exist on the due date; of supported schools
-- what the calendar asks of them. A school of unknown kind counts as a general one.
-- What was due before the first file ever came to this system is not late: past years may be loaded any day.
-- Years: those that any school sent data of, and the current one when data came of the year before.
with expected as (
    select * from {{ ref('stg_expected_submission') }}
),

received as (
    select * from {{ ref('int_received') }}
),

schools as (
    select * from {{ ref('int_school') }}
    where not is_placeholder
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
),

years_with_data as (
    select distinct school_year from {{ ref('int_school_sighting') }}
),

asked as (
    select expected.*
    from expected
    left join years_with_data on expected.school_year = years_with_data.school_year
    left join years_with_data as year_before on expected.school_year - 1 = year_before.school_year
    where
        years_with_data.school_year is not null
        or (expected.is_current_year and year_before.school_year is not null)
),

supported as (
    select distinct
        membership.school_year, crosswalk.school_id, membership.valid_from, membership.valid_to
    from {{ ref('stg_programme_membership') }} as membership
    inner join crosswalk
        on membership.school_key = crosswalk.school_key and membership.school_code = crosswalk.school_code
    where membership.role = 'supported'
),

versions as (
    select
        asked.school_year, asked.contract, asked.period, asked.due, asked.sender, asked.as_of,
        schools.school_id, schools.municipality_id,
        row_number() over (
            partition by asked.school_year, asked.contract, asked.period, schools.school_id
            order by schools.valid_from desc nulls last, schools.k_school asc
        ) as version_rank
    from asked
    inner join schools
        on asked.school_kind = coalesce(schools.school_kind, 'general')
        and asked.due >= coalesce(schools.valid_from, asked.due)
        and asked.due <= coalesce(schools.valid_to, asked.due)
    -- a school that was merged or closed on a known day was there until that day
    where coalesce(schools.school_status, 'active') = 'active' or schools.valid_to is not null
),

asked_of_schools as (
    select school_year, contract, period, due, sender, as_of, school_id, municipality_id
    from versions
    where version_rank = 1
),

senders as (
    select * from asked_of_schools
    where sender = 'schools'
    union all
    select asked_of_schools.*
    from asked_of_schools
    where
        asked_of_schools.sender = 'supported'
        and exists (
            select 1 from supported
            where
                supported.school_id = asked_of_schools.school_id
                and supported.school_year = asked_of_schools.school_year
                and asked_of_schools.due >= coalesce(supported.valid_from, asked_of_schools.due)
                and asked_of_schools.due <= coalesce(supported.valid_to, asked_of_schools.due)
        )
    union all
    select school_year, contract, period, due, sender, as_of, '' as school_id, null as municipality_id
    from asked
    where sender = 'region'
),

by_sender as (
    select contract, school_year, period, school_id, first_received_at, rows_n, file_id
    from received
    where school_id <> ''
    union all
    select contract, school_year, period, '' as school_id, first_received_at, rows_n, file_id
    from received
),

arrived as (
    select
        contract, school_year, period, school_id,
        min(first_received_at) as received,
        count(distinct file_id) as files_n,
        sum(rows_n) as rows_n
    from by_sender
    group by contract, school_year, period, school_id
),

beginning as (
    select cast(min(received_at) as date) as first_day from {{ ref('stg_submission') }}
),

final as (
    select
        senders.school_year, senders.contract, senders.period,
        case when senders.sender = 'region' then 'region' else 'school' end as unit_type,
        case
            when senders.sender = 'region' then '{{ var("region_code") }}' else senders.school_id
        end as unit_id,
        nullif(senders.school_id, '') as school_id,
        senders.municipality_id,
        senders.due,
        arrived.received,
        cast(coalesce(arrived.files_n, 0) as bigint) as files_n,
        cast(coalesce(arrived.rows_n, 0) as bigint) as rows_n,
        case
            when arrived.received is null and senders.due > senders.as_of then 'not_yet_due'
            when arrived.received is null then 'missing'
            when cast(arrived.received as date) > senders.due and senders.due >= beginning.first_day
                then 'late'
            else 'received'
        end as state,
        senders.as_of
    from senders
    cross join beginning
    left join arrived
        on senders.contract = arrived.contract and senders.school_year = arrived.school_year
        and senders.period = arrived.period and senders.school_id = arrived.school_id
)

select * from final
