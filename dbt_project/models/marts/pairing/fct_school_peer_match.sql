-- Partners proposed for supported schools beside the partners they already have.
with matches as (
    select * from {{ source('programme', 'peer_match') }}
),

candidates as (
    select * from {{ ref('int_peer_candidate') }}
),

existing as (
    select
        school_id,
        school_year,
        count(distinct partner_id) as existing_partners_n,
        {{ distinct_list('coalesce(partner_name, partner_id)', '; ') }} as existing_partners
    from {{ ref('brg_school_network') }}
    where is_active
    group by school_id, school_year
),

final as (
    select
        matches.school_id,
        schools.k_school,
        schools.school_year,
        schools.municipality_id,
        schools.supported_basis as basis,
        matches.status,
        cast(matches.rank as integer) as rank,
        matches.partner_school_id,
        partners.k_school as k_partner_school,
        partners.municipality_id as partner_municipality_id,
        partners.pool_basis as partner_basis,
        matches.distance,
        matches.gap,
        matches.reason_code,
        matches.reason_ru,
        matches.reason_en,
        coalesce(existing.existing_partners_n, 0) as existing_partners_n,
        existing.existing_partners
    from matches
    inner join candidates as schools
        on matches.school_id = schools.school_id and matches.school_year = schools.school_year
    left join candidates as partners
        on matches.partner_school_id = partners.school_id and matches.school_year = partners.school_year
    left join existing
        on matches.school_id = existing.school_id and matches.school_year = existing.school_year
)

select * from final
