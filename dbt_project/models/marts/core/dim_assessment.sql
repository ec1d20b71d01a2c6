-- Assessments, registered or only known from results, with titles of their codes.
with assessments as (
    select * from {{ ref('int_assessment') }}
),

codes as (
    select * from {{ ref('code_list') }}
    union all
    select * from {{ ref('code_list_region') }}
),

final as (
    select
        assessments.assessment_id,
        {{ surrogate_key(['assessments.assessment_id']) }} as k_assessment,
        assessments.kind,
        assessments.subject,
        cast(assessments.grade as integer) as grade,
        assessments.school_year,
        assessments.testing_window,
        coalesce(kinds.title_ru, assessments.kind) || ', ' || lower(assessments.subject) || ', '
        || cast(assessments.grade as {{ dbt.type_string() }}) || ' класс' as title_ru,
        coalesce(kinds.title_en, assessments.kind) || ', '
        || lower(coalesce(subjects.title_en, assessments.subject))
        || ', grade ' || cast(assessments.grade as {{ dbt.type_string() }}) as title_en,
        cast(assessments.max_score as double) as max_score,
        assessments.max_source,
        cast(assessments.min_score as double) as min_score,
        cast(assessments.mark_3_from as double) as mark_3_from,
        cast(assessments.mark_4_from as double) as mark_4_from,
        cast(assessments.mark_5_from as double) as mark_5_from,
        assessments.has_mark_scale,
        assessments.result_basis,
        assessments.below_min_basis,
        assessments.mark_basis,
        assessments.scale_type,
        assessments.is_scaled,
        assessments.is_reference,
        assessments.comparable_with,
        assessments.is_registered
    from assessments
    left join codes as kinds on kinds.list = 'kind' and assessments.kind = kinds.code
    left join codes as subjects on subjects.list = 'subject' and assessments.subject = subjects.code
)

select * from final
