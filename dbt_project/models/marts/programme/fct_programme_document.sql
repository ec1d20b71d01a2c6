-- Programmes, roadmaps, orders and agreements of schools and of municipalities.
with documents as (
    select * from {{ ref('stg_programme_document') }}
),

crosswalk as (
    select * from {{ ref('int_school_crosswalk') }}
),

school_years as (
    select * from {{ ref('int_school_year') }}
),

municipalities as (
    select * from {{ ref('int_municipality_crosswalk') }}
),

final as (
    select
        documents.school_year,
        crosswalk.school_id,
        school_years.k_school,
        coalesce(school_years.municipality_id, municipalities.municipality_id, documents.municipality_id)
            as municipality_id,
        case when crosswalk.school_id is null then 'municipality' else 'school' end as owner_type,
        documents.document, documents.document_kind, documents.approved_on
    from documents
    left join crosswalk
        on documents.school_key = crosswalk.school_key and documents.school_code = crosswalk.school_code
    left join school_years
        on crosswalk.school_id = school_years.school_id and documents.school_year = school_years.school_year
    left join municipalities on documents.municipality_id = municipalities.sent
)

select * from final
