-- Memberships that hold on a day of the school year, by the year's own lists: a school that the year's list
-- leaves out is no member, whatever the lists of other years say.
with memberships as (
    select
        crosswalk.school_id, membership.school_year, membership.programme, membership.role,
        membership.valid_from, membership.valid_to,
        membership.file_id, membership.sheet, membership.source_row
    from {{ ref('stg_programme_membership') }} as membership
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on membership.school_key = crosswalk.school_key and membership.school_code = crosswalk.school_code
),

programmes as (
    select * from {{ ref('support_programme') }}
),

final as (
    select
        memberships.school_id, memberships.school_year, memberships.programme, memberships.role,
        memberships.valid_from, memberships.valid_to, programmes.target_group,
        memberships.file_id, memberships.sheet, memberships.source_row
    from memberships
    left join programmes on memberships.programme = programmes.programme
    where
        {{ holds_in_school_year(
            'memberships.valid_from', 'memberships.valid_to', 'memberships.school_year'
        ) }}
)

select * from final
