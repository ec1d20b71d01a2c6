"""Made-up regions: results of classes, schools, municipalities and the region that add up, from a seed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

MARKS = (2, 3, 4, 5)


def region(seed: int, municipalities: int = 3, schools: int = 4) -> pd.DataFrame:
    """Rows of the aggregate of one assessment."""
    return aggregate(students(seed, municipalities, schools))


def regions(seeds: Iterable[int]) -> pd.DataFrame:
    """Many regions in one frame, each with an assessment of its own."""
    return aggregate(pd.concat([students(s, 2, 3) for s in seeds], ignore_index=True))


def students(seed: int, municipalities: int, schools: int) -> pd.DataFrame:
    """One row a student. Some have no known sex, some schools no municipality."""
    random = np.random.default_rng(seed)
    classes = []
    for m in range(random.integers(1, municipalities + 1)):
        for s in range(random.integers(1, schools + 1)):
            place = "" if random.random() < 0.05 else f"{m}"
            locality = str(random.choice(["rural", "urban"]))
            for c in range(random.integers(1, 4)):
                n = int(random.integers(1, 30))
                sex = random.choice(["sex:f", "sex:m", ""], n, p=[0.48, 0.48, 0.04])
                mark = random.choice(MARKS, n, p=[0.15, 0.4, 0.3, 0.15])
                classes += [
                    (f"a{seed}", f"{m}{s}", place, locality, f"{m}{s}/{c}", *x)
                    for x in zip(sex, mark, strict=True)
                ]
    columns = ["assessment_id", "school_id", "municipality_id", "locality_group", "class_id", "sex", "mark"]
    return pd.DataFrame(classes, columns=columns)


def aggregate(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of units over students; an empty code makes no unit and no subgroup."""
    locality = "locality:" + rows["locality_group"]
    marks = {f"mark_{m}_n": (rows["mark"] == m).astype(int) for m in MARKS}
    rows = rows.assign(all="all", region="region", locality=locality, tested_n=1, **marks)
    rows["score"] = rows["mark"] * 4 + rows.index % 4 - 3  # 5 … 20, apart for each mark
    subgroups = {"class": ["all"], "school": ["all", "sex"]}
    units = {
        "class": "class_id",
        "school": "school_id",
        "municipality": "municipality_id",
        "region": "region",
    }
    found = []
    for kind, unit in units.items():
        for subgroup in subgroups.get(kind, ["all", "sex", "locality"]):
            known = rows[(rows[unit] != "") & (rows[subgroup] != "")].rename(columns={subgroup: "subgroup"})
            own = [
                c for c in ("school_id", "municipality_id", "locality_group") if kind in ("class", "school")
            ]
            keys = ["assessment_id", known[unit].rename("unit_id"), "subgroup"]
            groups = known.groupby(keys)
            made = groups[["tested_n", *marks]].sum()
            made = made.assign(mean_score=groups["score"].mean(), sd=groups["score"].std(), max_score=20.0)
            made = made.assign(**{f"p{p}": groups["score"].quantile(p / 100) for p in (25, 50, 75)})
            made = made.join(groups[own].first()) if own else made
            found.append(made.reset_index().assign(unit_type=kind))
    every = pd.concat(found, ignore_index=True)
    municipal = every["unit_type"] == "municipality"
    every["municipality_id"] = every["municipality_id"].mask(municipal, every["unit_id"])
    return every.assign(judged_n=every["tested_n"], below_min_n=every["mark_2_n"])
