-- Human decisions on labels by school, rule and school year: the latest one that was made on the results of
-- that year or an earlier one. It is in force while it holds on the last day of the school year; afterwards
-- it stays visible as expired, and the next older one does not come back.
with overrides as (
    select crosswalk.school_id, override.*
    from {{ ref('stg_label_override') }} as override
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on override.school_key = crosswalk.school_key and override.school_code = crosswalk.school_code
),

labels as (
    select schools.school_id, schools.school_year, rule_years.rule_id
    from {{ ref('int_identification_school') }} as schools
    inner join {{ ref('int_rule_year') }} as rule_years on schools.school_year = rule_years.school_year
),

ranked as (
    select
        labels.school_id, labels.school_year, labels.rule_id,
        overrides.label, overrides.decided_by, overrides.decided_on, overrides.reason,
        overrides.valid_until,
        coalesce(overrides.valid_until, {{ school_year_day('labels.school_year') }})
        >= {{ school_year_day('labels.school_year') }} as is_in_force,
        row_number() over (
            partition by labels.school_id, labels.school_year, labels.rule_id
            order by
                overrides.school_year desc, overrides.decided_on desc, overrides.file_id asc,
                overrides.source_row desc
        ) as decision_rank
    from labels
    inner join overrides
        on labels.school_id = overrides.school_id and labels.rule_id = overrides.rule_id
        and labels.school_year >= overrides.school_year
),

final as (
    select school_id, school_year, rule_id, label, decided_by, decided_on, reason, valid_until, is_in_force
    from ranked
    where decision_rank = 1
)

select * from final
