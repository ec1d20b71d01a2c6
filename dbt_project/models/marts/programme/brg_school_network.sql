-- Partners of schools in networks, by the lists of each school year. Coordinators and curators are persons:
-- only whether there is one is told.
with partnerships as (
    {{ school_rows('stg_partnership') }}
),

organisations as (
    select * from {{ ref('stg_organisation') }}
),

programme_schools as (
    select * from {{ ref('int_programme_school') }}
),

final as (
    select
        partnerships.school_id, partnerships.k_school,
        partnerships.home_municipality_id as municipality_id,
        partnerships.school_year, partnerships.network,
        programme_schools.roles as role,
        partnerships.partner_id, organisations.partner_name, organisations.partner_kind,
        partnerships.partnership_kind as kind,
        partnerships.partnership_form as form,
        partnerships.coordinator_key is not null as has_coordinator,
        partnerships.curator_key is not null as has_curator,
        partnerships.valid_from, partnerships.valid_to,
        {{ holds_in_school_year(
            'partnerships.valid_from', 'partnerships.valid_to', 'partnerships.school_year'
        ) }} as is_active
    from partnerships
    inner join programme_schools
        on partnerships.school_id = programme_schools.school_id
        and partnerships.school_year = programme_schools.school_year
    left join organisations
        on partnerships.partner_id = organisations.partner_id
        and partnerships.school_year = organisations.school_year
)

select * from final
