-- What: every measure of the registry says which contracts it rests on, and is produced by some model.
-- When it matters: when an indicator is added; one with a mistyped measure would be «not collected» for ever.
-- How to fix: correct measure_id in the registry, or add the sources of the measure. A measure that no file
-- of this region feeds has no facts yet: only its sources are asked for then.
with registry as (
    select distinct measure_id from {{ ref('programme_indicator') }}
),

sources as (
    select distinct measure_id from {{ ref('programme_indicator_source') }}
),

facts as (
    select measure_id from {{ ref('int_indicator_fact') }}
    union
    select measure_id from {{ ref('int_indicator_estimate') }}
)

select registry.measure_id, 'no sources' as fault
from registry
left join sources on registry.measure_id = sources.measure_id
where sources.measure_id is null
union all
select facts.measure_id, 'in no indicator'
from facts
left join registry on facts.measure_id = registry.measure_id
where registry.measure_id is null
