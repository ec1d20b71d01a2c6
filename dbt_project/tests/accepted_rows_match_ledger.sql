-- What: of each file and contract as many rows stand in the accepted tables as the ledger says were
-- accepted.
-- When it matters: always; nothing may be lost or doubled between the intake and the warehouse.
-- How to fix: rerun the intake of the file that is printed; a partial write or a stale file under accepted/
-- is left.
{% set contracts = {
    'access_condition': 'access_conditions', 'appeal': 'appeals', 'assessment_item': 'assessment_items',
    'assessment_register': 'assessment_register', 'community': 'communities', 'context_form': 'context_form',
    'control_total': 'control_totals', 'event': 'events', 'municipality': 'municipalities',
    'organisation': 'organisations', 'partnership': 'partnerships', 'programme_document': 'programme_documents',
    'label_override': 'label_overrides',
    'programme_membership': 'programme_membership', 'risk_profile': 'risk_profile', 'school_mark': 'school_marks',
    'school_register': 'school_register', 'school_result': 'school_results', 'social_passport': 'social_passport',
    'staff': 'staff', 'staffing': 'staffing', 'student_result': 'student_results',
    'support_activity': 'support_activities', 'teacher_deficit': 'teacher_deficits', 'training': 'training',
} %}
with accepted as (
    {% for model, contract in contracts.items() %}
    select '{{ contract }}' as contract, file_id, count(*) as rows_n
    from {{ ref('stg_' ~ model) }}
    group by file_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ledger as (
    select contract, file_id, sum(rows_accepted) as rows_n
    from {{ ref('stg_reading') }}
    where contract is not null
    group by contract, file_id
)

select
    coalesce(accepted.contract, ledger.contract) as contract,
    coalesce(accepted.file_id, ledger.file_id) as file_id,
    accepted.rows_n as accepted_n,
    ledger.rows_n as ledger_n
from accepted
full outer join ledger on accepted.contract = ledger.contract and accepted.file_id = ledger.file_id
where coalesce(accepted.rows_n, 0) <> coalesce(ledger.rows_n, 0)
