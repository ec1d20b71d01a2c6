-- What: every measure of the registry of indicators says which contracts it rests on.
-- When it matters: when an indicator is added; without its sources a missing file could not be named.
-- How to fix: correct measure_id in programme_indicator, or add the measure to programme_indicator_source.
select registry.indicator_id, registry.measure_id
from {{ ref('programme_indicator') }} as registry
left join {{ ref('programme_indicator_source') }} as sources on registry.measure_id = sources.measure_id
where sources.measure_id is null
