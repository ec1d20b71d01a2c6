{#- The list of item scores of a student: -1 = not attempted, null = not administered. -#}

{#- The sum of the points in the list. -#}
{%- macro points(scores) -%}
    {{ return(adapter.dispatch('points')(scores)) }}
{%- endmacro -%}

{%- macro default__points(scores) -%}
    list_sum(list_transform({{ scores }}, lambda x: greatest(x, 0)))
{%- endmacro -%}

{%- macro spark__points(scores) -%}
    aggregate({{ scores }}, cast(0 as bigint), (points, x) -> points + greatest(coalesce(x, 0), 0))
{%- endmacro -%}

{#- One row an item of the list: the given columns, item_position (from 1) and score. -#}
{%- macro unnested_scores(relation, columns, scores='scores') -%}
    {{ return(adapter.dispatch('unnested_scores')(relation, columns, scores)) }}
{%- endmacro -%}

{%- macro default__unnested_scores(relation, columns, scores) -%}
    select
        {{ columns | join(', ') }},
        generate_subscripts({{ scores }}, 1) as item_position,
        unnest({{ scores }}) as score
    from {{ relation }}
{%- endmacro -%}

{%- macro spark__unnested_scores(relation, columns, scores) -%}
    select {{ columns | join(', ') }}, place + 1 as item_position, score
    from {{ relation }} lateral view posexplode({{ scores }}) as place, score
{%- endmacro -%}
