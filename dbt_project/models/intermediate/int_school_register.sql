-- Registers of several years and sources, as one row per school and validity.
-- Rows that state from when they hold are versions of a school. Rows without a date (lists of logins) only
-- fill what the versions leave empty, and make a version themselves for schools known from nowhere else.
-- Within a version the latest and fullest row wins, field by field; its end and state come from that row
-- alone.
{% set fields = ['school_name', 'short_name', 'municipality_id', 'municipality_name', 'login', 'oge_code',
    'ege_code', 'inn', 'ogrn', 'oktmo', 'school_kind', 'locality_type'] %}
with register as (
    select * from {{ ref('stg_school_register') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by school_id, valid_from
            order by
                school_year desc,
                (
                    case when login is null then 0 else 1 end + case when oge_code is null then 0 else 1 end
                    + case when ege_code is null then 0 else 1 end + case when inn is null then 0 else 1 end
                    + case when locality_type is null then 0 else 1 end
                ) desc,
                file_id asc, sheet asc, source_row asc
        ) as source_rank
    from register
),

versions as (
    select
        school_id,
        valid_from,
        {% for field in fields %}
        {{ first_by(field, 'source_rank') }} as {{ field }},
        {% endfor %}
        max(case when source_rank = 1 then school_status end) as school_status,
        max(case when source_rank = 1 then valid_to end) as valid_to,
        max(case when source_rank = 1 then successor_school_id end) as successor_school_id
    from ranked
    group by school_id, valid_from
),

dated as (
    select * from versions
    where valid_from is not null
),

undated as (
    select * from versions
    where valid_from is null
),

final as (
    select
        coalesce(dated.school_id, undated.school_id) as school_id,
        dated.valid_from,
        {% for field in fields %}
        coalesce(dated.{{ field }}, undated.{{ field }}) as {{ field }},
        {% endfor %}
        case
            when dated.school_id is null then undated.school_status else dated.school_status
        end as school_status,
        case when dated.school_id is null then undated.valid_to else dated.valid_to end as valid_to,
        case
            when dated.school_id is null then undated.successor_school_id else dated.successor_school_id
        end as successor_school_id
    from dated
    full outer join undated on dated.school_id = undated.school_id
)

select * from final
