"""The data contracts: one module, one Pandera model, a file kind."""

from __future__ import annotations

from types import MappingProxyType

from schemas import (
    access_conditions,
    appeals,
    assessment_items,
    assessment_register,
    communities,
    context_form,
    control_totals,
    events,
    label_overrides,
    municipalities,
    organisations,
    partnerships,
    programme_documents,
    programme_membership,
    risk_profile,
    school_marks,
    school_register,
    school_results,
    social_passport,
    staff,
    staffing,
    student_results,
    support_activities,
    teacher_deficits,
    training,
)
from schemas.base import Contract, Field

#: Every contract by its name.
CONTRACTS: MappingProxyType[str, Contract] = MappingProxyType(
    {
        module.CONTRACT.name: module.CONTRACT
        for module in (
            access_conditions,
            appeals,
            assessment_items,
            assessment_register,
            communities,
            context_form,
            control_totals,
            events,
            label_overrides,
            municipalities,
            organisations,
            partnerships,
            programme_documents,
            programme_membership,
            risk_profile,
            school_marks,
            school_register,
            school_results,
            social_passport,
            staff,
            staffing,
            student_results,
            support_activities,
            teacher_deficits,
            training,
        )
    }
)

__all__ = ["CONTRACTS", "Contract", "Field"]
