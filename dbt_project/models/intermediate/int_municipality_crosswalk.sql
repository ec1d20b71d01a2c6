-- One row per text by which a file names a municipality: the municipality it stands for. A text is a known
-- code, a known name or an administrative territory's code; else it is the municipality of the greater part
-- of the registered schools that were sent under it (matched_by = 'schools'); a text that only unregistered
-- schools use is a municipality of its own (matched_by = 'itself').
with listed as (
    select municipality_id, municipality_name, territory_id, school_year
    from {{ ref('stg_municipality') }}
),

register as (
    select * from {{ ref('int_school_register') }}
),

sightings as (
    select sighting.*, crosswalk.school_id, crosswalk.is_placeholder
    from {{ ref('int_school_sighting') }} as sighting
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on sighting.school_key = crosswalk.school_key and sighting.school_code = crosswalk.school_code
    where sighting.municipality_sent is not null
),

codes as (
    select municipality_id, municipality_name, 0 as source_rank, school_year
    from listed
    union all
    select municipality_id, municipality_name, 1 as source_rank, 0 as school_year
    from register
    where municipality_id <> municipality_name
    union all
    select municipality_id, municipality_id as municipality_name, 2 as source_rank, 0 as school_year
    from register
),

names as (
    select {{ normal_name('municipality_name') }} as name_key, min(municipality_id) as municipality_id
    from codes
    where source_rank < 2 and municipality_name is not null
    group by 1
    having count(distinct municipality_id) = 1
),

-- what the registers and lists call municipality: a bare name gives way to the code that has this name
known as (
    select distinct
        codes.municipality_id as sent,
        case
            when codes.source_rank = 2 then coalesce(names.municipality_id, codes.municipality_id)
            else codes.municipality_id
        end as municipality_id,
        'id' as matched_by,
        1 as priority
    from codes
    left join names on {{ normal_name('codes.municipality_id') }} = names.name_key
    where codes.source_rank = 2 or codes.municipality_id is not null
),

by_name as (
    select distinct
        codes.municipality_name as sent,
        names.municipality_id,
        'name' as matched_by,
        2 as priority
    from codes
    inner join names on {{ normal_name('codes.municipality_name') }} = names.name_key
),

sent_by_name as (
    select distinct
        sightings.municipality_sent as sent,
        names.municipality_id,
        'name' as matched_by,
        2 as priority
    from sightings
    inner join names on {{ normal_name('sightings.municipality_sent') }} = names.name_key
),

by_territory as (
    select
        territory_id as sent,
        min(municipality_id) as municipality_id,
        'territory' as matched_by,
        3 as priority
    from listed
    where territory_id is not null
    group by territory_id
    having count(distinct municipality_id) = 1
),

school_municipality as (
    select distinct register.school_id, known.municipality_id
    from register
    inner join known on register.municipality_id = known.sent
),

schools_under as (
    select
        sightings.municipality_sent as sent,
        school_municipality.municipality_id,
        count(distinct sightings.school_id) as schools_n
    from sightings
    left join school_municipality on sightings.school_id = school_municipality.school_id
    group by 1, 2
),

shares as (
    select
        *,
        sum(case when municipality_id is not null then schools_n else 0 end) over (partition by sent)
            as registered_n
    from schools_under
),

by_schools as (
    select sent, municipality_id, 'schools' as matched_by, 4 as priority
    from shares
    where municipality_id is not null and 2 * schools_n > registered_n
    union all
    select sent, sent as municipality_id, 'itself' as matched_by, 5 as priority
    from shares
    where municipality_id is null and registered_n = 0
),

candidates as (
    select * from known
    union all
    select * from by_name
    union all
    select * from sent_by_name
    union all
    select * from by_territory
    union all
    select * from by_schools
),

ranked as (
    select
        *,
        row_number() over (partition by sent order by priority, municipality_id) as candidate_rank
    from candidates
    where sent is not null
),

final as (
    select sent, municipality_id, matched_by
    from ranked
    where candidate_rank = 1
)

select * from final
