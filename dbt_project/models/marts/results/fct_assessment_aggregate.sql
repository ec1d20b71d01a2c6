-- Results of units. The interval of a class's or school's mean rests on the spread within units pooled over
-- the assessment, which keeps its 95 % at every size; that of a municipality or the region on the
-- differences between its schools (a cluster-robust error). Their means pool the students.
-- Schools' totals tell no quartiles, marks and absences: a unit of schools with and without rows of students
-- (source «mixed») has none of them.
-- Scale scores come from the scaling step: a class's or school's mean is that of its students, the mean, sd
-- and level shares of a municipality and of the region are those of its latent distribution.
with units as (
    select * from {{ ref('int_assessment_unit') }}
),

quartiles as (
    select 'students' as source, * from {{ ref('int_assessment_quartile') }}
),

scales as (
    select * from {{ source('scales', 'assessment') }}
),

assessments as (
    select assessment_id, scale_type from {{ ref('int_assessment') }}
),

scaled_units as (
    select * from {{ source('scales', 'unit') }}
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
        case
            when estimated.tells_absent and estimated.tested_n + estimated.absent_n > 0
                then 100e0 * estimated.tested_n / (estimated.tested_n + estimated.absent_n)
        end as participation_pct,
        coalesce(scales.scale_type, assessments.scale_type, 'relative') as scale_type,
        estimated.mean_score,
        scaled_units.mean_scale_score,
        scaled_units.scale_se,
        scaled_units.scale_ci_low,
        scaled_units.scale_ci_high,
        scaled_units.scale_sd,
        scaled_units.z_score,
        scaled_units.t_score,
        scaled_units.percentile,
        {% for mark in [2, 3, 4, 5] %}
        scaled_units.level_{{ mark }}_share,
        {% endfor %}
        estimated.sd,
        estimated.se,
        estimated.mean_score - {{ normal_quantile() }} * estimated.se as ci_low,
        estimated.mean_score + {{ normal_quantile() }} * estimated.se as ci_high,
        quartiles.p25,
        quartiles.p50,
        quartiles.p75,
        case when estimated.judged_n > 0 then estimated.judged_n end as judged_n,
        case when estimated.judged_n > 0 then estimated.below_min_n end as below_min_n,
        100e0 * estimated.below_min_n / nullif(estimated.judged_n, 0) as below_min_pct,
        100 * {{ wilson_low('estimated.below_min_n', 'estimated.judged_n') }} as below_min_ci_low,
        100 * {{ wilson_high('estimated.below_min_n', 'estimated.judged_n') }} as below_min_ci_high,
        {% for mark in [2, 3, 4, 5] %}
        case when estimated.marked_n > 0 and estimated.source <> 'mixed' then estimated.mark_{{ mark }}_n end
            as mark_{{ mark }}_n,
        {% endfor %}
        scaled_units.shrunken_mean,
        scaled_units.shrunken_ci_low,
        scaled_units.shrunken_ci_high,
        scaled_units.reliability,
        case
            when estimated.tested_n = 0 then 'O'
            when estimated.mean_score is null then 'L'
            else 'A'
        end as obs_status,
        case
            when estimated.tested_n = 0 then 'O'
            when estimated.judged_n = 0 then 'L'
            else 'A'
        end as below_min_obs_status,
        case
            when estimated.tested_n = 0 then 'O'
            when scaled_units.mean_scale_score is null then 'L'
            when scales.status = 'provisional' and scales.scale_type like 'irt%' then 'P'
            else 'A'
        end as scale_obs_status
    from estimated
    inner join assessments on estimated.assessment_id = assessments.assessment_id
    left join scales on estimated.assessment_id = scales.assessment_id
    left join scaled_units
        on estimated.assessment_id = scaled_units.assessment_id
        and estimated.unit_type = scaled_units.unit_type
        and estimated.unit_id = scaled_units.unit_id and estimated.subgroup = scaled_units.subgroup
    left join quartiles
        on estimated.assessment_id = quartiles.assessment_id and estimated.unit_type = quartiles.unit_type
        and estimated.unit_id = quartiles.unit_id and estimated.subgroup = quartiles.subgroup
        and estimated.source = quartiles.source
)

select * from final
