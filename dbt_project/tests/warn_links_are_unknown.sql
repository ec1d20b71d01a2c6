{{ config(severity='warn') }}
-- What: an assessment that the register says another is linked to exists.
-- When it matters: results of the two can't be put on one scale.
-- How to fix: write the link as kind/subject/grade/year/window, with the codes of the register.
select linked.assessment_id, linked.comparable_with
from {{ ref('dim_assessment') }} as linked
left join {{ ref('dim_assessment') }} as other on linked.comparable_with = other.assessment_id
where linked.comparable_with is not null and other.assessment_id is null
