-- What: each code of a list that a seed sorts (localities, position groups, kinds of assessment) is in the
-- seed.
-- When it matters: an unsorted code would silently fall out of groups, totals and rules.
-- How to fix: add the code to the seed that is printed.
with codes as (
    select list, code from {{ ref('code_list') }}
    union all
    select list, code from {{ ref('code_list_region') }}
),

sorted as (
    select 'locality_type' as list, locality_type as code from {{ ref('locality_group') }}
    union all
    select 'position_group' as list, position_group as code from {{ ref('position_group') }}
    union all
    select 'kind' as list, kind as code from {{ ref('assessment_rule') }}
    where subject is null
)

select codes.list, codes.code
from codes
left join sorted on codes.list = sorted.list and codes.code = sorted.code
where codes.list in ('locality_type', 'position_group', 'kind') and sorted.code is null
