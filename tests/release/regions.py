"""Made-up regions: results of classes, schools, municipalities and the region that add up, from a seed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

def region(seed: int, municipalities: int = 3, schools: int = 4, size: int = 30) -> pd.DataFrame:
    """Rows of the aggregate of one assessment. Some students have no known sex, some schools no municipality."""
    random = np.random.default_rng(seed)
    students = []
    for m in range(random.integers(1, municipalities + 1)):
        for s in range(random.integers(1, schools + 1)):
            place = None if random.random() < 0.05 else f"{m}"
            locality = random.choice(["rural", "urban"])
            for c in range(random.integers(1, 4)):
                n = int(random.integers(1, size))
                students.append(pd.DataFrame({
                    "school_id": f"{m}{s}", "municipality_id": place, "locality_group": locality, "class": f"{c}",
                    "sex": random.choice(["sex:f", "sex:m", None], n, p=[0.48, 0.48, 0.04]),
                    "mark": random.choice([2, 3, 4, 5], n, p=[0.15, 0.4, 0.3, 0.15]),
                }))  # fmt: skip
    return aggregate(pd.concat(students, ignore_index=True))


def regions(seeds: Iterable[int]) -> pd.DataFrame:
    """Many regions in one frame, each with an assessment of its own."""
    return pd.concat([region(s, 2, 3).assign(assessment_id=f"a{s}") for s in seeds], ignore_index=True)


def aggregate(students: pd.DataFrame) -> pd.DataFrame:
    """The rows of units over students: school_id, municipality_id, locality_group, class, sex, mark."""
    s = students.assign(all="all", region="region", loc="locality:" + students["locality_group"],
                        unit=students["school_id"] + "/" + students["class"],
                        **{f"is_{m}": (students["mark"] == m).astype(int) for m in (2, 3, 4, 5)})  # fmt: skip
    found = [
        _units(s, "class", "unit", "all"),
        *(_units(s, "school", "school_id", g) for g in ("all", "sex")),
        *(_units(s, "municipality", "municipality_id", g) for g in ("all", "sex", "loc")),
        *(_units(s, "region", "region", g) for g in ("all", "sex", "loc")),
    ]
    return pd.concat(found, ignore_index=True).assign(assessment_id="a")


def _units(s: pd.DataFrame, kind: str, unit: str, subgroup: str) -> pd.DataFrame:
    groups = s.groupby([unit, subgroup])
    out = groups.agg(tested_n=("mark", "size"), school_id=("school_id", "first"),
                     municipality_id=("municipality_id", "first"), locality_group=("locality_group", "first"),
                     **{f"mark_{m}_n": (f"is_{m}", "sum") for m in (2, 3, 4, 5)})  # fmt: skip
    out = out.reset_index(names=["unit_id", "subgroup"]).assign(unit_type=kind)
    if kind in ("municipality", "region"):
        out["school_id"] = out["locality_group"] = None
    return out.assign(judged_n=out["tested_n"], below_min_n=out["mark_2_n"])
