-- Rows behind results: over the sets of assessments (z_score_…, below_min_…), against the country
-- (national_below_min), and of single assessments (mean_score, below_min_pct), which others rest on.
with scores as (
    select * from {{ ref('int_evidence_score') }}
),

assessments_of_sets as (
    select of_set.set_id, assessments.assessment_id
    from {{ ref('int_assessment') }} as assessments
    inner join {{ ref('programme_indicator_set') }} as of_set
        on assessments.kind = of_set.kind and assessments.subject = of_set.subject
        and (of_set.grade is null or assessments.grade = of_set.grade)
    where assessments.testing_window is null
),

of_sets as (
    select scores.*, assessments_of_sets.set_id
    from scores
    inner join assessments_of_sets on scores.assessment_id = assessments_of_sets.assessment_id
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
        'z_score_' || set_id as measure_id, school_id, school_year, 'year' as period, assessment_id,
        contract, file_id, sheet, source_row, z_sum as numerator, cast(scored_n as double) as denominator
    from of_sets
    where scored_n > 0 and z_sum is not null
    union all
    select
        'below_min_' || set_id, school_id, school_year, 'year', assessment_id,
        contract, file_id, sheet, source_row, cast(below_min_n as double), cast(judged_n as double)
    from of_sets
    where judged_n > 0
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
