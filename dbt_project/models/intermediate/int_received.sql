-- One row per contract, school year, period, school and file with accepted rows: when the file first came in
-- a version that could be read, and how many of its rows count. Files that name no school have an empty one.
-- The period is a term for marks, the assessment's kind and window for results, else the whole year.
{% set periods = {
    'student_result': "kind || coalesce(' ' || testing_window, '')",
    'school_result': "kind || coalesce(' ' || testing_window, '')",
    'school_mark': 'period',
} %}
{% set of_schools = {
    'access_conditions': 'access_condition', 'appeals': 'appeal', 'communities': 'community',
    'context_form': 'context_form', 'events': 'event', 'partnerships': 'partnership',
    'programme_documents': 'programme_document', 'programme_membership': 'programme_membership',
    'risk_profile': 'risk_profile', 'school_marks': 'school_mark', 'school_results': 'school_result',
    'social_passport': 'social_passport', 'staff': 'staff', 'staffing': 'staffing',
    'student_results': 'student_result', 'support_activities': 'support_activity',
    'teacher_deficits': 'teacher_deficit', 'training': 'training',
} %}
{% set of_region = {
    'assessment_items': 'assessment_item', 'assessment_register': 'assessment_register',
    'control_totals': 'control_total', 'municipalities': 'municipality', 'organisations': 'organisation',
    'school_register': 'school_register',
} %}
with of_schools as (
    {% for contract, source in of_schools.items() %}
    select
        '{{ contract }}' as contract, file_id, school_year, school_key, school_code,
        {{ periods.get(source, "'year'") }} as period, count(*) as rows_n
    from {{ ref('stg_' ~ source) }}
    group by 1, 2, 3, 4, 5, 6
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

of_region as (
    {% for contract, source in of_region.items() %}
    select '{{ contract }}' as contract, file_id, school_year, count(*) as rows_n
    from {{ ref('stg_' ~ source) }}
    group by 1, 2, 3
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
),

submissions as (
    select * from {{ ref('stg_submission') }}
),

readable as (
    select distinct file_id, contract
    from {{ ref('stg_reading') }}
    where reading_status = 'read'
),

arrivals as (
    select submissions.file_name, readable.contract, min(submissions.received_at) as first_received_at
    from submissions
    inner join readable on submissions.file_id = readable.file_id
    group by submissions.file_name, readable.contract
),

counted as (
    select
        of_schools.contract, of_schools.school_year, of_schools.period, of_schools.file_id,
        coalesce(crosswalk.school_id, '') as school_id,
        sum(of_schools.rows_n) as rows_n
    from of_schools
    left join crosswalk
        on of_schools.school_key = crosswalk.school_key and of_schools.school_code = crosswalk.school_code
    group by 1, 2, 3, 4, 5
    union all
    select contract, school_year, 'year' as period, file_id, '' as school_id, rows_n from of_region
),

final as (
    select
        counted.contract, counted.school_year, counted.period, counted.school_id, counted.file_id,
        arrivals.first_received_at,
        counted.rows_n
    from counted
    inner join submissions
        on counted.file_id = submissions.file_id and submissions.submission_state = 'active'
    left join arrivals
        on submissions.file_name = arrivals.file_name and counted.contract = arrivals.contract
)

select * from final
