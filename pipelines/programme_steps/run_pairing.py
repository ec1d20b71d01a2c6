"""The pairing step: partners for the supported schools of each year."""

from __future__ import annotations

from pathlib import Path

from pipelines.programme import PairingRule, propose_pairs
from pipelines.programme_steps.tables import ensure_tables, parameters, reading, table_of, write_table

_SCHOOLS = """
    select school_id, school_year, municipality_id, locality_group, highest_stage as stage, social_index,
        students_n, not_native_pct, z_score, supported_basis is not null as is_supported,
        pool_basis is not null as in_pool
    from int_peer_candidate
    order by school_year, school_id
"""


def run(warehouse: Path, folder: Path) -> dict[str, int]:
    """Write the proposals; returns their number."""
    ensure_tables(folder)
    with reading(warehouse) as db:
        settings, schools = parameters(db), db.execute(_SCHOOLS).df()
        neighbours = db.execute("select municipality_id, neighbour_id from municipality_neighbour").fetchall()
    rule = PairingRule(
        capacity=int(settings["peer_capacity"]),
        least_gap=settings["peer_least_gap"],
        alternatives_n=int(settings["peer_alternatives_n"]),
        other_municipality=settings["peer_other_municipality"],
        neighbour_municipality=settings["peer_neighbour_municipality"],
    )
    parts = [
        propose_pairs(part, rule, neighbours).assign(school_year=year)
        for year, part in schools.groupby("school_year")
    ]
    return {"peer_match": write_table(folder, "peer_match", table_of("peer_match", parts))}
