with source as (
    select * from {{ source('accepted', 'context_form') }}
),

renamed as (
    select
        cast(school_year as integer) as school_year,
        file_id,
        sheet,
        {{ adapter.quote('row') }} as source_row,
        school_key,
        school_id as school_code, school_name as school_name_sent, ownership, has_primary, has_basic,
        has_secondary, has_vocational, locality_type, settlement_size, transport_route,
        transport_frequency, transport_reach, is_special, is_evening, is_closed, is_prison,
        is_boarding, students_n, grade_1_students_n, grade_2_students_n, grade_3_students_n,
        grade_4_students_n, grade_5_students_n, grade_6_students_n, grade_7_students_n,
        grade_8_students_n, grade_9_students_n, grade_10_students_n, grade_11_students_n,
        grade_12_students_n, cohort_1_n, cohort_1_adapted_n, cohort_2_n, teachers_n,
        teachers_highest_n, teachers_young_n, teachers_pension_n, trained_36_n, trained_72_n,
        trained_over_72_n, followup_municipal, followup_peers, followup_own, followup_none, rooms_n,
        rooms_computer_n, rooms_projector_n, computers_n, computers_old_n, computers_internet_n,
        internet_speed, extracurricular, career_guidance, parents_meeting_primary_pct,
        parents_meeting_basic_pct, parents_meeting_secondary_pct, parents_events, parents_help
    from source
)

select * from renamed
