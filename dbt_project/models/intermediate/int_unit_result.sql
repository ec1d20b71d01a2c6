-- Results of units, as far as they need no scale. The error of a class's or school's mean rests on the spread
-- within units pooled over the assessment, which keeps its interval's 95 % at every size; that of a
-- municipality or the region on the differences between its schools (a cluster-robust error). Their means
-- pool the students.
-- Schools' totals tell no quartiles, marks and absences: a unit of schools with and without rows of students
-- (source «mixed») has none of them.
with units as (
    select * from {{ ref('int_assessment_unit') }}
),

quartiles as (
    select 'students' as source, * from {{ ref('int_assessment_quartile') }}
),

moments as (
    select
        *,
        score_sum / nullif(scored_n, 0) as mean_score,
        score_square_sum - score_sum * score_sum / nullif(scored_n, 0) as square_sum_within
    from units
),

pooled as (
    select
        assessment_id,
        unit_type,
        sqrt({{ exact_sum('square_sum_within') }} / nullif(sum(scored_n - 1), 0)) as pooled_sd
    from moments
    where
        unit_type in ('class', 'school')
        and subgroup = 'all'
        and scored_n > 0
        and square_sum_within is not null
    group by assessment_id, unit_type
),

-- a school's part in each larger unit and subgroup it belongs to
parts as (
    select
        assessment_id, 'municipality' as unit_type, municipality_id as unit_id, subgroup, scored_n, mean_score
    from moments
    where unit_type = 'school' and scored_n > 0
    union all
    select assessment_id, 'region', '{{ var("region_code") }}', subgroup, scored_n, mean_score
    from moments
    where unit_type = 'school' and scored_n > 0
    union all
    select assessment_id, 'municipality', municipality_id, 'locality:' || locality_group, scored_n, mean_score
    from moments
    where unit_type = 'school' and subgroup = 'all' and scored_n > 0
    union all
    select
        assessment_id, 'region', '{{ var("region_code") }}', 'locality:' || locality_group, scored_n,
        mean_score
    from moments
    where unit_type = 'school' and subgroup = 'all' and scored_n > 0
),

clustered as (
    select
        moments.assessment_id, moments.unit_type, moments.unit_id, moments.subgroup,
        count(*) as schools_n,
        sqrt(
            {{ exact_sum('power(parts.scored_n * (parts.mean_score - moments.mean_score), 2)') }}
            * count(*) / nullif(count(*) - 1, 0)
        ) / max(moments.scored_n) as cluster_se
    from moments
    inner join parts
        on moments.assessment_id = parts.assessment_id and moments.unit_type = parts.unit_type
        and moments.unit_id = parts.unit_id and moments.subgroup = parts.subgroup
    group by 1, 2, 3, 4
),

estimated as (
    select
        moments.*,
        moments.source = 'students' and moments.subgroup not like 'sex:%' as tells_absent,
        coalesce(clustered.schools_n, 1) as schools_n,
        case
            when moments.scored_n > 1 and moments.square_sum_within is not null
                then sqrt(greatest(moments.square_sum_within, 0) / (moments.scored_n - 1))
        end as sd,
        coalesce(clustered.cluster_se, pooled.pooled_sd / sqrt(nullif(moments.scored_n, 0))) as se
    from moments
    left join clustered
        on moments.assessment_id = clustered.assessment_id and moments.unit_type = clustered.unit_type
        and moments.unit_id = clustered.unit_id and moments.subgroup = clustered.subgroup
    -- a municipality of one school has that school's error
    left join pooled
        on moments.assessment_id = pooled.assessment_id
        and case when moments.unit_type = 'class' then 'class' else 'school' end = pooled.unit_type
),

final as (
    select
        estimated.unit_type,
        estimated.unit_id,
        estimated.assessment_id,
        estimated.subgroup,
        estimated.school_year,
        case when estimated.unit_type in ('class', 'school') then estimated.school_id end as school_id,
        case when estimated.unit_type <> 'region' then estimated.municipality_id end as municipality_id,
        estimated.source,
        estimated.schools_n,
        estimated.tested_n,
        case when estimated.tells_absent then estimated.absent_n end as absent_n,
        estimated.mean_score,
        estimated.sd,
        estimated.se,
        quartiles.p25,
        quartiles.p50,
        quartiles.p75,
        {% for mark in [2, 3, 4, 5] %}
        case when estimated.marked_n > 0 and estimated.source <> 'mixed' then estimated.mark_{{ mark }}_n end
            as mark_{{ mark }}_n,
        {% endfor %}
        case when estimated.judged_n > 0 then estimated.judged_n end as judged_n,
        case when estimated.judged_n > 0 then estimated.below_min_n end as below_min_n
    from estimated
    left join quartiles
        on estimated.assessment_id = quartiles.assessment_id and estimated.unit_type = quartiles.unit_type
        and estimated.unit_id = quartiles.unit_id and estimated.subgroup = quartiles.subgroup
        and estimated.source = quartiles.source
)

select * from final
