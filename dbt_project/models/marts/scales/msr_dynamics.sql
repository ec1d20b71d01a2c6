-- Change of units over three years, as slopes a year. A verdict is of the absolute change on a linked scale,
-- of the nominal change on an official one, else of the change against the region on standardised scores.
with dynamics as (
    select * from {{ source('scales', 'dynamics') }}
),

final as (
    select
        unit_type,
        unit_id,
        kind,
        subject,
        cast(grade as integer) as grade,
        testing_window,
        cast(end_year as integer) as end_year,
        scale_type,
        change_kind,
        cast(first_year as integer) as first_year,
        cast(years_n as integer) as years_n,
        slope,
        slope_se,
        p_value,
        p_adjusted,
        q_value,
        q_p_value,
        relative_slope,
        relative_slope_se,
        relative_p_value,
        relative_p_adjusted,
        link_error,
        cohort_variance,
        verdict,
        verdict_basis,
        relative_verdict,
        break_flag,
        break_reason
    from dynamics
)

select * from final
