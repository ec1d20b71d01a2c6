-- Signs of difficult social conditions by school: what is observed beside its local threshold.
with signs as (
    select * from {{ ref('int_school_social_sign') }}
),

titles as (
    select * from {{ ref('context_sign') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        signs.school_id,
        school_years.k_school,
        signs.school_year,
        signs.sign,
        cast(signs.rule_version as {{ dbt.type_string() }}) as rule_version,
        titles.title_ru,
        titles.title_en,
        titles.standing,
        signs.component,
        signs.observed,
        signs.direction,
        signs.threshold,
        signs.met,
        case when signs.met is null then 'L' else 'A' end as obs_status
    from signs
    inner join titles on signs.sign = titles.sign and signs.rule_version = titles.rule_version
    inner join school_years
        on signs.school_id = school_years.school_id and signs.school_year = school_years.school_year
)

select * from final
