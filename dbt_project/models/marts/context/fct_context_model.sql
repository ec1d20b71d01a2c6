-- How well context explains the results of schools, assessment by assessment, and what to beware of.
with models as (
    select * from {{ source('programme', 'context_model') }}
),

assessments as (
    select assessment_id, school_year, kind
    from {{ ref('dim_assessment') }}
),

final as (
    select
        models.assessment_id,
        assessments.school_year,
        models.weighting,
        models.schools_n,
        cast(models.terms_n as integer) as terms_n,
        models.r_squared,
        models.adjusted_r_squared,
        models.residual_sd,
        models.f_p_value,
        models.normality_p_value,
        models.heteroscedasticity_p_value,
        models.largest_leverage,
        models.largest_cook,
        models.influential_n,
        models.largest_vif,
        models.is_low_r_squared,
        case
            when models.is_low_r_squared and assessments.kind = 'ВПР'
                then 'Условия объясняют мало, а ВПР школы проверяют сами: предпочтительны ОГЭ и ЕГЭ'
            when models.is_low_r_squared
                then 'Условия объясняют мало: ожидаемый результат близок к среднему'
        end as caveat_ru,
        case
            when models.is_low_r_squared and assessments.kind = 'ВПР'
                then 'Context explains little, and schools mark this work themselves: prefer state exams'
            when models.is_low_r_squared
                then 'Context explains little: the expected result is close to the mean'
        end as caveat_en,
        case when models.is_low_r_squared then 'U' else 'A' end as obs_status
    from models
    inner join assessments on models.assessment_id = assessments.assessment_id
)

select * from final
