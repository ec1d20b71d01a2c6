-- Rows behind the measures of networks. A school counts with its row of the register; a partner, a kind of
-- partner, a coordinator and an event count once, with the first row that tells of them.
with partnerships as (
    {{ school_rows('stg_partnership') }}
),

organisations as (
    select * from {{ ref('stg_organisation') }}
),

active as (
    select partnerships.*, organisations.partner_kind
    from partnerships
    left join organisations
        on partnerships.partner_id = organisations.partner_id
        and partnerships.school_year = organisations.school_year
    where
        {{ holds_in_school_year(
            'partnerships.valid_from', 'partnerships.valid_to', 'partnerships.school_year'
        ) }}
),

partners as (
    select
        *,
        {{ is_first_row('school_id, school_year') }} as is_first,
        {{ is_first_row('school_id, school_year, partner_id') }} as is_first_of_partner,
        {{ is_first_row('school_id, school_year, partner_kind') }}
        and partner_kind is not null as is_first_of_kind,
        {{ is_first_row('school_id, school_year', 'case when coordinator_key is null then 1 else 0 end') }}
        and coordinator_key is not null as is_first_coordinated
    from active
),

events as (
    {{ school_rows('stg_event') }}
),

held as (
    select
        *,
        min(school_id) over event <> max(school_id) over event as is_joint
    from events
    where held_on is not null
    window event as (partition by programme, event_id, school_year)
),

joint as (
    select
        *,
        {{ is_first_row('school_id, school_year') }} as is_first,
        {{ is_first_row('school_id, school_year, programme, event_id') }} as is_first_of_event
    from held
    where is_joint
),

{% for contract in ['partnerships', 'events'] %}
schools_of_{{ contract }} as (
    select * from {{ ref('int_evidence_school') }}
    where school_year in ({{ received_years(contract) }})
),

{% endfor %}
final as (
    {% for measure, contract, relation, condition in [
        ('partners', 'partnerships', 'partners', 'is_first_of_partner'),
        ('active_partner', 'partnerships', 'partners', 'is_first'),
        ('partner_kinds', 'partnerships', 'partners', 'is_first_of_kind'),
        ('coordinator', 'partnerships', 'partners', 'is_first_coordinated'),
        ('joint_events', 'events', 'joint', 'is_first_of_event'),
        ('joint_event_schools', 'events', 'joint', 'is_first'),
    ] %}
    {{ evidence('schools_of_' ~ contract, measure, 'contract', '0', '1') }}
    union all
    {{ evidence(relation, measure, contract, 'case when ' ~ condition ~ ' then 1 else 0 end') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
