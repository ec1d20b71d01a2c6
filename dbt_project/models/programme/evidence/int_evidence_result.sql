-- Rows behind results: over the sets of assessments (z_score_…, below_min_…), against the country
-- (national_below_min), and of single assessments (mean_score, below_min_pct), which others rest on.
with scores as (
    select * from {{ ref('int_evidence_score') }}
),

sets as (
    select
        assessments.assessment_id,
        'z_score_' || of_set.set_id as score_measure_id,
        'below_min_' || of_set.set_id as below_min_measure_id
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('programme_indicator_set') }} as of_set
        on assessments.kind = of_set.kind and assessments.subject = of_set.subject
        and (of_set.grade is null or assessments.grade = of_set.grade)
    where assessments.testing_window is null
),

national as (
    select assessment_id, max(mark_2_pct) / 100 as below_share
    from {{ ref('stg_control_total') }}
    where unit_type = 'country' and printed_table = 'marks'
    group by assessment_id
),

against_country as (
    select scores.*, national.below_share
    from scores
    inner join national on scores.assessment_id = national.assessment_id
    where scores.judged_n > 0
),

scored as (
    select * from scores
    where scored_n > 0
),

judged as (
    select * from scores
    where judged_n > 0
),

final as (
    select
        sets.score_measure_id as measure_id, scores.school_id, scores.school_year, 'year' as period,
        scores.assessment_id, scores.contract, scores.file_id, scores.sheet, scores.source_row,
        scores.z_sum as numerator, cast(scores.scored_n as double) as denominator
    from scores
    inner join sets on scores.assessment_id = sets.assessment_id
    where scores.scored_n > 0 and scores.z_sum is not null
    union all
    select
        sets.below_min_measure_id, scores.school_id, scores.school_year, 'year', scores.assessment_id,
        scores.contract, scores.file_id, scores.sheet, scores.source_row,
        cast(scores.below_min_n as double), cast(scores.judged_n as double)
    from scores
    inner join sets on scores.assessment_id = sets.assessment_id
    where scores.judged_n > 0
    union all
    {{ evidence('against_country', 'national_below_min', 'contract', 'below_min_n - judged_n * below_share',
        'judged_n', assessment_id='assessment_id') }}
    union all
    {{ evidence('scored', 'mean_score', 'contract', 'score_sum', 'scored_n', assessment_id='assessment_id') }}
    union all
    {{ evidence('judged', 'below_min_pct', 'contract', 'below_min_n', 'judged_n',
        assessment_id='assessment_id') }}
)

select * from final
