-- One row per unit, assessment and subgroup: the quartiles of the students' results.
with results as (
    select * from {{ ref('int_student_result') }}
    where is_tested and result_score is not null
),

grouped as (
    select
        assessment_id,
        case
            when grouping(class_name) = 0 then 'class'
            when grouping(school_id) = 0 then 'school'
            when grouping(municipality_id) = 0 then 'municipality'
            else 'region'
        end as unit_type,
        case
            when grouping(class_name) = 0 then school_id || '/' || class_name
            when grouping(school_id) = 0 then school_id
            when grouping(municipality_id) = 0 then municipality_id
            else '{{ var("region_code") }}'
        end as unit_id,
        case
            when grouping(sex) = 0 then 'sex:' || sex
            when grouping(locality_group) = 0 then 'locality:' || locality_group
            else 'all'
        end as subgroup,
        {{ quartiles('result_score') }} as quartiles
    from results
    group by grouping sets (  -- noqa: PRS
        (assessment_id, school_id, class_name), (assessment_id, school_id), (assessment_id, school_id, sex),
        (assessment_id, municipality_id), (assessment_id, municipality_id, sex),
        (assessment_id, municipality_id, locality_group),
        (assessment_id), (assessment_id, sex), (assessment_id, locality_group)
    )
),

final as (
    select
        assessment_id, unit_type, unit_id, subgroup,
        {{ element('quartiles', 1) }} as p25,
        {{ element('quartiles', 2) }} as p50,
        {{ element('quartiles', 3) }} as p75
    from grouped
    where unit_id is not null and subgroup is not null
)

select * from final
