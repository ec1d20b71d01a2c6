{#-
    Units and subgroups that rows of students, or of school totals, are added up to. Classes have no subgroups,
    schools have sex, municipalities and the region have sex and locality. The three macros belong together.
-#}
{%- macro unit_columns() -%}
case
    when grouping(class_name) = 0 then 'class'
    when grouping(school_id) = 0 then 'school'
    when grouping(municipality_id) = 0 then 'municipality'
    else 'region'
end as unit_type,
case
    when grouping(class_name) = 0 then school_id || '/' || class_name
    when grouping(school_id) = 0 then school_id
    when grouping(municipality_id) = 0 then municipality_id
    else '{{ var("region_code") }}'
end as unit_id,
case
    when grouping(sex) = 0 then 'sex:' || sex
    when grouping(locality_group) = 0 and grouping(school_id) = 1 then 'locality:' || locality_group
    else 'all'
end as subgroup
{%- endmacro -%}

{%- macro unit_sets() -%}
(assessment_id, school_year, municipality_id, locality_group, school_id, class_name),
(assessment_id, school_year, municipality_id, locality_group, school_id),
(assessment_id, school_year, municipality_id, locality_group, school_id, sex),
(assessment_id, school_year, municipality_id),
(assessment_id, school_year, municipality_id, sex),
(assessment_id, school_year, municipality_id, locality_group),
(assessment_id, school_year),
(assessment_id, school_year, sex),
(assessment_id, school_year, locality_group)
{%- endmacro -%}

{#-
    The label of students without a class: where the school names its other classes they stand in a class of
    their own, so that classes make up their school; a school that names none has no classes.
-#}
{%- macro rest_class() -%} '—' {%- endmacro -%}

{%- macro class_or_rest(class_name, assessment_id, school_id) -%}
coalesce(
    {{ class_name }},
    case
        when count({{ class_name }}) over (partition by {{ assessment_id }}, {{ school_id }}) > 0
            then {{ rest_class() }}
    end
)
{%- endmacro -%}
