-- Schools of a school year by the groups that indicators look at. supported: in a support programme, for low
-- results or for difficult conditions; low_results: the former only; difficult: the latter, or with the
-- label; others: not supported, results of which the supported are compared with; all: every school in force.
with schools as (
    select programme_schools.*
    from {{ ref('int_programme_school') }} as programme_schools
    inner join {{ ref('int_school') }} as versions on programme_schools.k_school = versions.k_school
    where
        (coalesce(versions.school_status, 'active') <> 'closed' or versions.valid_to is not null)
        and {{ holds_in_school_year(
            'versions.valid_from', 'versions.valid_to', 'programme_schools.school_year'
        ) }}
),

final as (
    {% for group, condition in {
        'all': 'true', 'supported': 'is_supported', 'others': 'not is_supported',
        'low_results': 'is_low_results', 'difficult': 'is_difficult',
    }.items() %}
    select '{{ group }}' as school_group, school_id, school_year, municipality_id
    from schools
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
