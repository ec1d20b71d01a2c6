"""The cube as SDMX: data in SDMX-CSV 2.0, its structure in SDMX-ML 2.1.

SDMX allows Latin letters, digits, ``_`` and ``-`` in codes, so our codes are transliterated; the code lists
keep names in both languages and the warehouse's own code as the description.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import jinja2
import pandas as pd

from pipelines.release.described import PublishedTable, described, literal, open_published, quoted

AGENCY = "UROVEN"
STRUCTURE = "STATISTIC"
VERSION = "1.0"
CUBE = "rpt_statistic"
#: Not applicable, as SDMX codes it.
NOT_APPLICABLE = "_Z"

#: Dimensions: column of the cube -> SDMX id. The school year, by its ending year, is the time.
DIMENSIONS = {
    "unit_type": "UNIT_TYPE",
    "ref_area": "REF_AREA",
    "unit_id": "UNIT_ID",
    "indicator_id": "INDICATOR",
    "period": "PERIOD",
    "assessment_id": "ASSESSMENT",
    "count_unit": "COUNT_UNIT",
    "subgroup": "SUBGROUP",
}
TIME = "school_year"
MEASURE = "obs_value"
#: Attributes: column -> (SDMX id, whether coded).
ATTRIBUTES = {
    "obs_status": ("OBS_STATUS", True),
    "conf_status": ("CONF_STATUS", True),
    "numerator": ("NUMERATOR", False),
    "denominator": ("DENOMINATOR", False),
    "ci_low": ("CI_LOW", False),
    "ci_high": ("CI_HIGH", False),
}
#: Where titles of codes are found: column -> (table, key, title ru, title en).
_TITLES = {
    "indicator_id": ("dim_indicator", "indicator_id", "title_ru", "title_en"),
    "assessment_id": ("dim_assessment", "assessment_id", "title_ru", "title_en"),
}
_NAMES = {
    "obs_status": {
        "A": ("Обычное значение", "Normal value"),
        "O": ("Нет данных", "Missing value"),
        "M": ("Не может существовать", "Missing value; data cannot exist"),
        "Q": ("Скрыто", "Missing value; suppressed"),
        "L": ("Не собиралось", "Missing value; data were not collected"),
        "U": ("Низкая надёжность", "Low reliability"),
        "P": ("Предварительное", "Provisional value"),
        "B": ("Разрыв ряда", "Time series break"),
    },
    "conf_status": {
        "F": ("Открыто", "Free"),
        "A": ("Скрыто: мало людей", "Primary confidentiality due to small counts"),
        "D": ("Скрыто дополнительно", "Secondary confidentiality"),
        "N": ("Не для публикации", "Not for publication"),
        "C": ("Скрыто", "Confidential"),
    },
}
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        (*"abvgde", "yo", "zh", *"ziyklmnoprstuf", "kh", "ts", "ch", "sh", "shch", *"_y_e", "yu", "ya"),
        strict=True,
    )
)


@dataclass(frozen=True)
class CodeList:
    """A code list: (SDMX code, our code, name ru, name en) by our code."""

    id: str
    column: str
    codes: list[tuple[str, str, str, str]]


def sdmx_code(code: str) -> str:
    """A code of ours as an SDMX id: Cyrillic transliterated, any other character as ``_``."""
    latin = "".join(_latin(c) for c in code)
    return re.sub(r"[^A-Za-z0-9_@$-]", "_", latin)


def _latin(character: str) -> str:
    found = _LATIN.get(character.lower())
    if found is None:
        return character
    return found if character.islower() else found.capitalize()


def write_sdmx(database: Path, out: Path) -> bool:
    """Write ``structure.xml`` and ``statistic.csv`` into ``out``; False where the release has no cube."""
    cube = next((t for t in described(database) if t.name == CUBE), None)
    if cube is None:
        return False
    out.mkdir(parents=True, exist_ok=True)
    lists = code_lists(database, cube)
    (out / "structure.xml").write_text(_structure(database, cube, lists), encoding="utf-8")
    _write_data(database, cube, lists, out / "statistic.csv")
    return True


def _present(cube: PublishedTable, columns: Iterable[str]) -> list[str]:
    names = {c.name for c in cube.columns}
    return [c for c in columns if c in names]


def code_lists(database: Path, cube: PublishedTable) -> list[CodeList]:
    """The codes that the cube uses, with their names."""
    coded = [
        *_present(cube, DIMENSIONS),
        *_present(cube, (a for a, (_, is_coded) in ATTRIBUTES.items() if is_coded)),
    ]
    out = []
    with open_published(database) as db:
        tables = {t for (t,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for column in coded:
            used = db.execute(
                f"SELECT DISTINCT {quoted(column)}::varchar AS c FROM {CUBE} "  # noqa: S608
                f"WHERE nullif({quoted(column)}::varchar, '') IS NOT NULL ORDER BY c"
            ).fetchall()
            names = dict(_NAMES.get(column, {})) | _listed_names(db, column, tables)
            if column in _TITLES and _TITLES[column][0] in tables:
                table, *fields = _TITLES[column]
                key, ru, en = map(quoted, fields)
                titles = db.execute(f"SELECT {key}, {ru}, {en} FROM {table}").fetchall()  # noqa: S608
                names |= {code: (title_ru, title_en) for code, title_ru, title_en in titles}
            own = [c for (c,) in used]
            codes = [
                (code, c, *names.get(c, (c, c))) for code, c in zip(distinct_codes(own), own, strict=True)
            ]
            out.append(CodeList(f"CL_{_id(column)}", column, codes))
    return out


def _listed_names(db: duckdb.DuckDBPyConnection, column: str, tables: set[str]) -> dict[str, tuple[str, str]]:
    """Names from the release's own code lists, where it has a list of that name."""
    if "dim_code" not in tables:
        return {}
    rows = db.execute(
        "SELECT code, title_ru, coalesce(title_en, title_ru) FROM dim_code WHERE list = ?", [column]
    )
    return {code: (ru, en) for code, ru, en in rows.fetchall()}


def distinct_codes(codes: Sequence[str]) -> list[str]:
    """SDMX ids of a list's codes; where two would be one, the later gets a number: numbers never merge."""
    out: dict[str, None] = {}
    for code in map(sdmx_code, codes):
        same = (f"{code}_{k}" for k in range(2, len(codes) + 2))
        out[code if code not in out else next(c for c in same if c not in out)] = None
    return list(out)


def _id(column: str) -> str:
    return DIMENSIONS.get(column) or ATTRIBUTES[column][0]


def _structure(database: Path, cube: PublishedTable, lists: list[CodeList]) -> str:
    with open_published(database) as db:
        row = db.execute("SELECT created_at FROM meta_release").fetchone()
    prepared: dt.datetime = row[0] if row else dt.datetime(1970, 1, 1)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    comments = {c.name: c for c in cube.columns}
    return environment.get_template("structure.xml.j2").render(
        agency=AGENCY,
        structure=STRUCTURE,
        version=VERSION,
        prepared=prepared.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lists=lists,
        not_applicable=NOT_APPLICABLE,
        dimensions=[(c, DIMENSIONS[c]) for c in _present(cube, DIMENSIONS)],
        attributes=[(c, *ATTRIBUTES[c]) for c in _present(cube, ATTRIBUTES)],
        concepts=[
            (i, comments[c].title_ru or i, comments[c].title_en or i)
            for c, i in [
                *((c, DIMENSIONS[c]) for c in _present(cube, DIMENSIONS)),
                (TIME, "TIME_PERIOD"),
                (MEASURE, "OBS_VALUE"),
                *((c, ATTRIBUTES[c][0]) for c in _present(cube, ATTRIBUTES)),
            ]
        ],
    )


def _write_data(database: Path, cube: PublishedTable, lists: list[CodeList], path: Path) -> None:
    """One COPY: codes are mapped by joins with the code lists, rows ordered by all dimensions."""
    dimensions = _present(cube, DIMENSIONS)
    with duckdb.connect(config={"threads": "1"}) as db:
        db.execute(f"ATTACH {literal(str(database))} AS published (READ_ONLY)")
        joins = []
        for x in lists:
            db.register(f"codes_{x.column}", _mapping(x))
            joins.append(
                f"LEFT JOIN codes_{x.column} ON coalesce(s.{x.column}::varchar, '') = codes_{x.column}.own"
            )
        columns = [
            f"{literal('datastructure')} AS STRUCTURE",
            f"{literal(f'{AGENCY}:{STRUCTURE}({VERSION})')} AS STRUCTURE_ID",
            "'I' AS ACTION",
            *(f"codes_{c}.sdmx AS {DIMENSIONS[c]}" for c in dimensions),
            f"{quoted(TIME)} AS TIME_PERIOD",
            f"{quoted(MEASURE)} AS OBS_VALUE",
            *(
                f"{f'codes_{c}.sdmx' if ATTRIBUTES[c][1] else f's.{c}'} AS {ATTRIBUTES[c][0]}"
                for c in _present(cube, ATTRIBUTES)
            ),
        ]
        key = ", ".join([*(DIMENSIONS[c] for c in dimensions), "TIME_PERIOD"])
        db.execute(
            f"COPY (SELECT {', '.join(columns)} FROM published.main.{CUBE} AS s {' '.join(joins)} "  # noqa: S608
            f"ORDER BY {key}) TO {literal(str(path))} (FORMAT csv, HEADER)"
        )


def _mapping(x: CodeList) -> pd.DataFrame:
    """Our codes of a column, or none, beside those of SDMX: as categories, which DuckDB sorts as numbers."""
    codes = {own: code for code, own, _, _ in x.codes}
    categories = sorted({*codes.values(), NOT_APPLICABLE})
    nothing = NOT_APPLICABLE if x.column in DIMENSIONS else None
    return pd.DataFrame(
        {
            "own": pd.Series([*codes, ""], dtype="str"),
            "sdmx": pd.Categorical([*codes.values(), nothing], categories),
        }
    )
