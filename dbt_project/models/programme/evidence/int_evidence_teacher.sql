-- Rows behind the measures of teachers. A person of the staff counts once, in the row of the staff list; the
-- documents that make a person trained stand beside and add nothing more.
with staff as (
    select * from {{ ref('int_teaching_staff') }}
    where school_year in ({{ received_years('training') }})
),

trainings as (
    select school_id, school_year, staff_key, length_band, file_id, sheet, source_row
    from {{ ref('int_staff_training') }}
    union all
    select school_id, school_year, staff_key, 'all', file_id, sheet, source_row
    from {{ ref('int_staff_training') }}
),

bands as (
    select distinct length_band from {{ ref('training_length') }}
    union all
    select 'all'
),

trained as (
    select distinct school_year, staff_key, length_band from trainings
),

communities as (
    {{ school_rows('stg_community') }}
),

joined as (
    select
        *,
        {{ is_first_row('school_id, school_year', 'case when teachers_n > 0 then 0 else 1 end') }}
        and teachers_n > 0 as is_carrier
    from communities
),

schools as (
    select * from {{ ref('int_evidence_school') }}
    where school_year in ({{ received_years('communities') }})
),

deficits as (
    {{ school_rows('stg_teacher_deficit') }}
),

waves as (
    select
        *,
        'w' || cast(
            dense_rank() over (partition by school_year order by wave) as {{ dbt.type_string() }}
        ) as wave_period
    from deficits
),

asked as (
    select * from waves
    where teachers_n <= surveyed_n
),

final as (
    select
        'trained_' || bands.length_band as measure_id, staff.school_id, staff.school_year, 'year' as period,
        cast(null as {{ dbt.type_string() }}) as assessment_id,
        'staff' as contract, staff.file_id, staff.sheet, staff.source_row,
        cast(case when trained.staff_key is null then 0 else 1 end as double) as numerator,
        cast(1 as double) as denominator
    from staff
    cross join bands
    left join trained
        on staff.school_year = trained.school_year and staff.staff_key = trained.staff_key
        and bands.length_band = trained.length_band
    union all
    select
        'trained_' || length_band, school_id, school_year, 'year', null, 'training', file_id, sheet,
        source_row, 0, 0
    from trainings
    where school_year in ({{ received_years('training') }})
    {% for measure, numerator in {
        'community_members': 'teachers_n', 'community_schools': 'case when is_carrier then 1 else 0 end',
    }.items() %}
    union all
    {{ evidence('schools', measure, 'contract', '0', '1') }}
    union all
    {{ evidence('joined', measure, 'communities', numerator) }}
    {% endfor %}
    union all
    {{ evidence('asked', 'teacher_deficit', 'teacher_deficits', 'teachers_n', 'surveyed_n',
        period='wave_period') }}
)

select * from final
