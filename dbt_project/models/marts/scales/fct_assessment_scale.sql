-- Scales of assessments: how each was made, and what change over years it can carry.
with scales as (
    select * from {{ source('scales', 'assessment') }}
),

variances as (
    select * from {{ source('scales', 'variance') }}
),

final as (
    select
        scales.assessment_id,
        scales.status,
        scales.scale_type,
        case
            when scales.scale_type in ('irt_linked', 'equated') then 'absolute'
            when scales.scale_type = 'official' then 'nominal'
            else 'none'
        end as change_kind,
        scales.model,
        scales.n,
        scales.items_n,
        scales.linked_to,
        scales.reference_assessment_id,
        scales.reference_mean,
        scales.reference_sd,
        scales.latent_mean,
        scales.latent_mean_se,
        scales.latent_sd,
        scales.latent_sd_se,
        scales.link_error,
        scales.wle_reliability,
        scales.eap_reliability,
        scales.cut_3,
        scales.cut_4,
        scales.cut_5,
        variances.schools_n,
        variances.icc,
        variances.icc_se,
        variances.tau2 as between_variance,
        variances.sigma2 as within_variance,
        scales.iterations,
        scales.log_likelihood,
        scales.message_ru,
        scales.message_en
    from scales
    left join variances on scales.assessment_id = variances.assessment_id
)

select * from final
