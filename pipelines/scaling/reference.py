"""The frozen reference of a scale: item parameters and the latent mean and sd of its first calibration.

One Parquet file a reference assessment under ``lake/scales/reference/``, written once. Later runs hold
its items fixed, so the scale is never re-based when a late file comes or a year turns; to start a scale anew
its file is moved away by hand, and the next release says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.files import write_parquet
from pipelines.psychometrics import Calibration, ItemBank, Population, ReferenceCohort, ScoreCounts

_COLUMNS = ("assessment_id", "item", "score", "intercept", "difficulty", "difficulty_se")


@dataclass(frozen=True)
class Reference:
    """A stored scale. `intercept` of an item's score that nobody had is infinite; logits throughout.

    `cuts` are the WLEs at the boundaries of marks 3, 4, 5 in the reference year (NaN where there are none).
    """

    assessment_id: str
    bank: ItemBank
    difficulty_se: dict[str, float]
    cohort: ReferenceCohort
    cuts: tuple[float, float, float]
    fingerprint: str

    def as_calibration(self) -> Calibration:
        """The stored items in the form that linking expects of an old year."""
        nothing = np.zeros(0)
        se = np.array([self.difficulty_se[name] for name in self.bank.items])
        return Calibration(
            status="A",
            items=self.bank.items,
            item_status=("anchored",) * len(self.bank.items),
            item_n=np.zeros(len(self.bank.items), np.int64),
            difficulty=self.bank.difficulty,
            difficulty_se=se,
            steps=self.bank.steps,
            steps_se=np.full(self.bank.steps.shape, np.nan),
            bank=self.bank,
            groups=(),
            reference_group=None,
            group_n=np.zeros(0, np.int64),
            mean=nothing,
            mean_se=nothing,
            sd=nothing,
            sd_se=nothing,
            population=Population(self.cohort.mean, float("nan"), self.cohort.sd, float("nan")),
            log_likelihood=float("nan"),
            iterations=0,
            nodes=0,
            gates=(),
            messages=(),
            counts=None,
        )


def reference_path(scales: Path, assessment_id: str) -> Path:
    return scales / "reference" / f"{assessment_id.replace('/', '-')}.parquet"


def fingerprint(counts: ScoreCounts) -> str:
    """A hash of the score counts that a reference was frozen from."""
    digest = hashlib.sha256()
    for labels in (counts.forms, counts.items):
        digest.update("\x1f".join(labels).encode())
    for name in ("form", "raw", "item", "score", "n"):
        digest.update(np.ascontiguousarray(getattr(counts, name), np.int64).tobytes())
    return digest.hexdigest()


def freeze(
    scales: Path,
    assessment_id: str,
    counts: ScoreCounts,
    calibration: Calibration,
    cuts: tuple[float, float, float],
) -> Reference:
    """Store the reference of a scale from its first calibration, that of ``counts``, and return it.

    FileExistsError where it is stored already: a reference is never written twice.
    """
    path = reference_path(scales, assessment_id)
    if path.exists():
        raise FileExistsError(path)
    assert calibration.bank is not None
    bank, place = calibration.bank, {name: j for j, name in enumerate(calibration.items)}
    rows = [
        {
            "assessment_id": assessment_id,
            "item": name,
            "score": score,
            "intercept": float(value) if np.isfinite(value) else None,
            "difficulty": _or_none(calibration.difficulty[place[name]]),
            "difficulty_se": _or_none(calibration.difficulty_se[place[name]]),
        }
        for name, own in zip(bank.items, bank.intercept, strict=True)
        for score, value in enumerate(own)
    ]
    facts = {
        "latent_mean": repr(calibration.population.mean),
        "latent_sd": repr(calibration.population.sd),
        "cuts": ",".join(repr(float(cut)) for cut in cuts),
        "fingerprint": fingerprint(counts),
    }
    table = pa.Table.from_pylist(rows).select(_COLUMNS).replace_schema_metadata(facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(table, path)
    found = load(scales, assessment_id)
    assert found is not None
    return found


def load(scales: Path, assessment_id: str) -> Reference | None:
    """The stored reference; None where the scale was never frozen."""
    path = reference_path(scales, assessment_id)
    if not path.exists():
        return None
    table = pq.read_table(path)
    facts = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    items = list(dict.fromkeys(table["item"].to_pylist()))
    place = {name: j for j, name in enumerate(items)}
    intercept = np.full((len(items), 1 + max(table["score"].to_pylist())), np.inf)
    se: dict[str, float] = {}
    for row in table.to_pylist():
        if row["intercept"] is not None:
            intercept[place[row["item"]], row["score"]] = row["intercept"]
        se[row["item"]] = float("nan") if row["difficulty_se"] is None else row["difficulty_se"]
    cuts = tuple(float(cut) for cut in facts["cuts"].split(","))
    return Reference(
        assessment_id=table["assessment_id"][0].as_py(),
        bank=ItemBank(tuple(items), intercept),
        difficulty_se=se,
        cohort=ReferenceCohort(float(facts["latent_mean"]), float(facts["latent_sd"])),
        cuts=(cuts[0], cuts[1], cuts[2]),
        fingerprint=facts["fingerprint"],
    )


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
