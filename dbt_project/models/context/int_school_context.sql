-- The conditions a school works in: shares of its students by the social passport, facts of the federal
-- context form, sensitive ones too. A part above the whole (a finding of the intake) gives no share.
{% set parts = ['single_parent', 'many_children', 'low_income', 'unemployed_parents', 'both_parents_higher',
    'subsidised_meals', 'transported', 'boarding', 'in_care', 'orphans', 'disabled', 'special_needs',
    'dangerous_position', 'school_register', 'commission_register', 'not_native'] %}
{% set facts = ['ownership', 'has_primary', 'has_basic', 'has_secondary', 'settlement_size',
    'transport_route', 'transport_frequency', 'transport_reach', 'is_special', 'is_evening', 'is_closed', 'is_prison', 'is_boarding',
    'internet_speed', 'extracurricular', 'career_guidance', 'parents_meeting_primary_pct',
    'parents_meeting_basic_pct', 'parents_meeting_secondary_pct', 'parents_events'] %}
with passports as (
    select crosswalk.school_id, passport.*
    from {{ ref('stg_social_passport') }} as passport
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on passport.school_key = crosswalk.school_key and passport.school_code = crosswalk.school_code
),

context as (
    select crosswalk.school_id, context.*
    from {{ ref('stg_context_form') }} as context
    inner join {{ ref('int_school_crosswalk') }} as crosswalk
        on context.school_key = crosswalk.school_key and context.school_code = crosswalk.school_code
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_years.school_id,
        school_years.k_school,
        school_years.school_year,
        school_years.locality_type,
        school_years.locality_group,
        passports.school_id is not null as has_passport,
        context.school_id is not null as has_context_form,
        coalesce(passports.students_n, context.students_n) as students_n,
        {% for part in parts %}
        case
            when passports.{{ part }}_n <= passports.students_n
                then 100e0 * passports.{{ part }}_n / nullif(passports.students_n, 0)
        end as {{ part }}_pct,
        {% endfor %}
        case
            when context.cohort_1_adapted_n <= context.cohort_1_n
                then 100e0 * context.cohort_1_adapted_n / nullif(context.cohort_1_n, 0)
        end as adapted_programme_pct,
        1e0 * context.computers_n / nullif(context.students_n, 0) as computers_per_student,
        {% for fact in facts %}
        context.{{ fact }},
        {% endfor %}
        context.parents_help
    from school_years
    left join passports
        on school_years.school_id = passports.school_id and school_years.school_year = passports.school_year
    left join context
        on school_years.school_id = context.school_id and school_years.school_year = context.school_year
    where passports.school_id is not null or context.school_id is not null
)

select * from final
