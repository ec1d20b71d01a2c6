{#- The fields of int_school_context that a component of the social index may be made of: numbers, and codes that
    the seed context_code_value turns into numbers. -#}
{%- macro context_number_fields() -%}
{{ return([
    'both_parents_higher_pct', 'single_parent_pct', 'many_children_pct', 'low_income_pct',
    'unemployed_parents_pct', 'subsidised_meals_pct', 'transported_pct', 'boarding_pct', 'in_care_pct',
    'orphans_pct', 'disabled_pct', 'special_needs_pct', 'dangerous_position_pct', 'school_register_pct',
    'commission_register_pct', 'not_native_pct', 'adapted_programme_pct', 'computers_per_student',
    'parents_meeting_primary_pct', 'parents_meeting_basic_pct', 'parents_meeting_secondary_pct'
]) }}
{%- endmacro -%}

{%- macro context_code_fields() -%}
{{ return([
    'settlement_size', 'transport_route', 'transport_frequency', 'transport_reach', 'internet_speed',
    'extracurricular', 'career_guidance', 'parents_events', 'parents_help'
]) }}
{%- endmacro -%}
