-- One row per assessment: what the register says of it, failing that the published standard of the exam,
-- failing that what its items add up to. Assessments that only results or item lists mention are there with
-- is_registered = false. mark_3_from … mark_5_from are boundaries of the total; min_score is one of the score
-- that the rule of the kind of assessment looks at (result_basis: total of primary points, or test score);
-- where that is the mark «2», it is the boundary of mark 3.
with register as (
    select * from {{ ref('stg_assessment_register') }}
),

items as (
    select * from {{ ref('int_item') }}
),

rules as (
    select * from {{ ref('assessment_rule') }}
),

standards as (
    select * from {{ ref('assessment_standard') }}
),

keys as (
    {% for source in [
        'assessment_register', 'assessment_item', 'student_result', 'school_result', 'student_result_item',
    ] %}
    select assessment_id, kind, subject, grade, school_year, coalesce(testing_window, '') as testing_window
    from {{ ref('stg_' ~ source) }}
    group by 1, 2, 3, 4, 5, 6
    {{ 'union' if not loop.last }}
    {% endfor %}
),

-- of several regions' rows the region's own counts, then one for all regions
ranked as (
    select
        *,
        row_number() over (
            partition by assessment_id
            order by
                case
                    when region = '{{ var("region_code") }}' then 0
                    when coalesce(region, '') = '' then 1
                    else 2
                end,
                region, file_id, source_row
        ) as source_rank
    from register
),

-- several sources complete each other: a mark scale beside the region's own list
registered as (
    select
        assessment_id,
        {{ first_by('max_score', 'source_rank') }} as max_score,
        {{ first_by('min_score', 'source_rank') }} as min_score,
        {{ first_by('mark_3_from', 'source_rank') }} as mark_3_from,
        {{ first_by('mark_4_from', 'source_rank') }} as mark_4_from,
        {{ first_by('mark_5_from', 'source_rank') }} as mark_5_from,
        {{ first_by('is_reference', 'source_rank') }} as is_reference,
        {{ first_by('linked_to', 'source_rank') }} as linked_to
    from ranked
    group by assessment_id
),

form_points as (
    select
        assessment_id, form, sum(max_score) as points, min(case when is_listed then 1 else 0 end) as is_listed
    from items
    group by assessment_id, form
),

item_points as (
    select
        assessment_id,
        coalesce(max(case when form = '*' then points end), 0)
        + coalesce(max(case when form <> '*' then points end), 0) as points
    from form_points
    group by assessment_id
),

scored as (
    select distinct assessment_id
    from {{ ref('stg_student_result_item') }}
),

final as (
    select
        keys.assessment_id, keys.kind, keys.subject, keys.grade, keys.school_year,
        nullif(keys.testing_window, '') as testing_window,
        coalesce(registered.max_score, standards.max_score, item_points.points) as max_score,
        case
            when registered.max_score is not null then 'register'
            when standards.max_score is not null then 'standard'
            when item_points.points is not null then 'items'
        end as max_source,
        coalesce(
            registered.min_score,
            standards.min_score,
            case
                when coalesce(own_rule.below_min_basis, kind_rule.below_min_basis) = 'mark'
                    then coalesce(registered.mark_3_from, standards.mark_3_from)
            end
        ) as min_score,
        coalesce(registered.mark_3_from, standards.mark_3_from) as mark_3_from,
        case when registered.mark_3_from is null then standards.mark_4_from else registered.mark_4_from end
            as mark_4_from,
        case when registered.mark_3_from is null then standards.mark_5_from else registered.mark_5_from end
            as mark_5_from,
        coalesce(registered.mark_3_from, standards.mark_3_from) is not null as has_mark_scale,
        coalesce(own_rule.result_basis, kind_rule.result_basis, 'total') as result_basis,
        coalesce(own_rule.below_min_basis, kind_rule.below_min_basis, 'score') as below_min_basis,
        coalesce(own_rule.mark_basis, kind_rule.mark_basis, 'scale') as mark_basis,
        coalesce(own_rule.scale_type, kind_rule.scale_type) as scale_type,
        scored.assessment_id is not null as is_scaled,
        coalesce(registered.is_reference, false) as is_reference,
        case
            when registered.linked_to is not null
                then trim(trailing '-' from replace(registered.linked_to, '/', '-'))
        end as comparable_with,
        registered.assessment_id is not null as is_registered
    from keys
    left join registered on keys.assessment_id = registered.assessment_id
    left join rules as own_rule on keys.kind = own_rule.kind and keys.subject = own_rule.subject
    left join rules as kind_rule on keys.kind = kind_rule.kind and kind_rule.subject is null
    left join standards
        on keys.kind = standards.kind and keys.subject = standards.subject and keys.grade = standards.grade
        and keys.school_year between standards.from_year and standards.to_year
    left join item_points on keys.assessment_id = item_points.assessment_id
    left join scored on keys.assessment_id = scored.assessment_id
)

select * from final
