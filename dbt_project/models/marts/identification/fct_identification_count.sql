-- How many schools each rule finds in a year, by status, beside how many true ones are to be expected.
with labels as (
    select * from {{ ref('int_identification_label') }}
),

final as (
    select
        rule_id, rule_version, school_year,
        count(*) as schools_n,
        {% for status in ['confirmed', 'point', 'near', 'insufficient', 'no'] %}
        count(case when status = '{{ status }}' then 1 end) as {{ status }}_n,
        {% endfor %}
        count(case when is_excluded then 1 end) as excluded_n,
        count(case when override_state = 'in_force' then 1 end) as overridden_n,
        count(case when is_listed then 1 end) as listed_n,
        {{ exact_sum('probability') }} as expected_n
    from labels
    group by rule_id, rule_version, school_year
)

select * from final
