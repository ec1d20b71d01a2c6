-- Trainings of the teaching staff that count for a school year: finished within the window that ends with it,
-- of a kind and length that count, whichever year's list told of them; a document counts once.
with trainings as (
    select
        staff_key, document_key, training_kind, coalesce(topic, '—') as topic, hours, finished_on,
        file_id, sheet, source_row,
        row_number() over (
            partition by staff_key, document_key
            order by school_year desc, file_id asc, sheet asc, source_row asc
        ) as list_rank
    from {{ ref('stg_training') }}
),

staff as (
    select * from {{ ref('int_teaching_staff') }}
),

lengths as (
    select * from {{ ref('training_length') }}
),

window_length as (
    select cast(value as integer) as years_n
    from {{ ref('programme_parameter') }}
    where parameter = 'training_window_years'
),

matched as (
    select
        staff.school_id, staff.school_year, staff.staff_key, trainings.document_key, trainings.training_kind,
        trainings.topic, trainings.hours, trainings.finished_on, lengths.length_band,
        trainings.file_id, trainings.sheet, trainings.source_row,
        row_number() over (
            partition by staff.school_year, staff.staff_key, trainings.document_key
            order by lengths.most_hours
        ) as length_rank
    from staff
    inner join trainings on staff.staff_key = trainings.staff_key and trainings.list_rank = 1
    inner join lengths
        on trainings.training_kind = lengths.training_kind
        and trainings.hours between lengths.least_hours and lengths.most_hours
    cross join window_length
    where
        trainings.finished_on <= {{ school_year_last_day('staff.school_year') }}
        and trainings.finished_on > {{ school_year_last_day('staff.school_year - window_length.years_n') }}
),

final as (
    select
        school_id, school_year, staff_key, document_key, training_kind, topic, length_band, hours,
        finished_on, file_id, sheet, source_row
    from matched
    where length_rank = 1
)

select * from final
