{#- The readable key of an assessment: «ВПР-Математика-4-2021», with its window «ВПР-Математика-4-2021-input». -#}
{%- macro assessment_id(kind='kind', subject='subject', grade='grade', school_year='school_year', testing_window='testing_window') -%}
    {{ kind }} || '-' || {{ subject }} || '-' || cast({{ grade }} as {{ dbt.type_string() }})
    || '-' || cast({{ school_year }} as {{ dbt.type_string() }})
    || case when coalesce({{ testing_window }}, '') = '' then '' else '-' || {{ testing_window }} end
{%- endmacro -%}
