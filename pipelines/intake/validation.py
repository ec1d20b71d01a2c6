"""Landed text -> accepted rows, findings and counts: one contract and school year at a time.

The types, ranges, codes and required fields of a row are Pandera's (the contract's model, one lazy call over
the whole batch); this module turns text into values before, and failures into findings after.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa_check
import pyarrow as pa

from pipelines.intake.items import (
    ABSENT_ITEM,
    OMITTED,
    ItemColumn,
    ReferenceItem,
    ScoredItems,
    form_labels,
    score_items,
)
from pipelines.intake.parsing import ABSENT, parse
from pipelines.intake.readers import MISPLACED, NO_YEAR, school_code
from pipelines.intake.rules import RULES, Rule
from pipelines.intake.text import clean
from schemas.base import DTYPES, Contract, Field

PROVENANCE = ("file_id", "sheet", "row", "school_year")
_PANDERA_RULES = {
    "not_nullable": "required",
    "greater_than_or_equal_to": "too_low",
    "less_than_or_equal_to": "too_high",
    "is_code": "unknown_code",
    "str_matches": "pattern",
    "check_digit": "check_digit",
}
#: So many totals of a school at least must lack the same items to be one mistake.
MISTAKE_ROWS = 5
#: Faults of a value that was read; other faulty cells have none.
_HAVING_A_VALUE = frozenset({"too_low", "too_high", "pattern", "check_digit"})
AssessmentKey = tuple[str, str, int, str]


@dataclass
class Validated:
    """What a batch became: ``findings`` holds a row a cell (or row) and rule, ``counts`` a row a sheet."""

    accepted: pa.Table
    findings: pa.Table
    repairs: pd.DataFrame
    counts: pd.DataFrame
    items: pa.Table | None = None


@dataclass
class _Findings:
    """Collects findings as arrays; a row is rejected when one of them is an error or supersedes it."""

    n: int
    parts: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, index: np.ndarray, rule: str, severity: str, *, column: str = "", value: object = "",
        title: str = "", hint: tuple[object, object] = ("", ""), ge: object = "", le: object = "",
        item: object = -1,
    ) -> None:  # fmt: skip
        """A fact is one for all rows, or a list with one for each."""
        if len(index):
            facts = (index, rule, severity, column, item, value, title, *hint, ge, le)
            self.parts.append(dict(zip(_FINDING_COLUMNS, facts, strict=True)))

    def frame(self) -> pd.DataFrame:
        def spread(part: dict[str, Any], name: str) -> list[Any]:
            fact, n = part[name], len(part["index"])
            return list(fact) if isinstance(fact, list | np.ndarray) else [fact] * n

        return pd.DataFrame({c: [x for p in self.parts for x in spread(p, c)] for c in _FINDING_COLUMNS})

    def rejected(self) -> np.ndarray:
        out = np.zeros(self.n, bool)
        for part in self.parts:
            if part["severity"] in ("error", "superseded"):
                out[part["index"]] = True
        return out

    def at_fault(self, column: str) -> np.ndarray:
        """The rows that have a finding in the column, or are faulty as wholes."""
        out = np.zeros(self.n, bool)
        for part in self.parts:
            if part["field"] == column or part["rule_id"] == "misplaced_row":
                out[part["index"]] = True
        return out


_FINDING_COLUMNS = (
    "index", "rule_id", "severity", "field", "item", "value", "title", "hint_ru", "hint_en", "ge", "le",
)  # fmt: skip


class _Repairs:
    """Counts the repairs by file, sheet and rule."""

    def __init__(self, groups: np.ndarray, labels: pd.DataFrame) -> None:
        self._groups, self._labels = groups, labels
        self._rows: list[tuple[int, str, int]] = []

    def add(self, rule: str, index: np.ndarray, times: np.ndarray | None = None) -> None:
        n = np.bincount(self._groups[index], weights=times, minlength=len(self._labels)).astype(int)
        self._rows += [(int(g), rule, int(n[g])) for g in np.flatnonzero(n)]

    def frame(self) -> pd.DataFrame:
        rows = pd.DataFrame(self._rows, columns=["group", "rule_id", "n"]).groupby(["group", "rule_id"]).sum()
        out = rows.reset_index().merge(self._labels, left_on="group", right_index=True)
        return out[["file_id", "sheet", "rule_id", "n"]]


def accepted_name(name: str, spec: Field) -> str:
    """The name of a field in the accepted table: what names a person has become a key."""
    return f"{name.removesuffix('_id').removesuffix('_no')}_key" if spec.person else name


def validate(
    contract: Contract,
    landed: pa.Table,
    *,
    order: Mapping[str, int],
    names: Mapping[str, str] | None = None,
    reference: Mapping[AssessmentKey, list[ReferenceItem]] | None = None,
) -> Validated:
    """Validate the landed rows of one contract and school year.

    ``order`` gives each file's place in the sequence of submissions (a later one wins over an earlier one),
    ``names`` its name for messages, ``reference`` the item lists of the year's assessments.
    """
    landed = landed.combine_chunks()
    n = len(landed)
    where = landed.select(["file_id", "sheet"]).to_pandas()
    groups, labels = _grouped(where)
    findings, repairs = _Findings(n), _Repairs(groups, labels)
    typed: dict[str, pd.api.extensions.ExtensionArray] = {}
    _misplaced(contract, landed, findings)
    for name, spec in contract.fields.items():
        if name == "school_year":
            typed[name] = pd.array(landed["school_year"].to_pandas(), dtype="Int64")
        else:
            typed[name] = _typed(
                spec, landed[name].chunk(0) if n else pa.nulls(0, pa.string()), findings, repairs
            )
    _bad_years(landed, findings)
    frame = pd.DataFrame(typed)
    if contract.has_items:
        _absent_students(frame, landed, findings, repairs)
    _check(contract, frame, findings)
    items, scored = None, None
    if contract.has_items:
        items, scored = _score(frame, landed, reference or {}, findings, repairs)
    files, layouts = where["file_id"].to_numpy(), landed["layout"].to_numpy(zero_copy_only=False)
    _keys(contract, frame, files, layouts, order, names or {}, findings)
    rejected = findings.rejected()
    _empty_faults(frame, findings, ("warning",))
    accepted = _accepted(contract, frame, landed, scored, rejected)
    counts = labels.copy()
    counts["rows_read"] = np.bincount(groups, minlength=len(labels))
    counts["rows_rejected"] = np.bincount(groups[rejected], minlength=len(labels))
    counts["rows_accepted"] = counts["rows_read"] - counts["rows_rejected"]
    return Validated(accepted, _finding_table(findings, landed, contract), repairs.frame(), counts, items)


def _grouped(where: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Each row's (file, sheet) as a number, and the table of these numbers."""
    key = where["file_id"].astype(str) + "\x1f" + where["sheet"].astype(str)
    codes, uniques = pd.factorize(key, sort=True)
    labels = pd.DataFrame([u.split("\x1f") for u in uniques], columns=["file_id", "sheet"])
    return codes, labels


def _typed(
    spec: Field, column: pa.Array, findings: _Findings, repairs: _Repairs
) -> pd.api.extensions.ExtensionArray:
    """A column of text as values; each distinct text is parsed once."""
    if spec.person:
        plain = column.to_numpy(zero_copy_only=False)
        return _array([None if v in ("", MISPLACED) else v for v in plain], "str")
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    texts = encoded.dictionary.to_pylist()
    parsed = [parse(spec, t) for t in texts]
    if spec.name in ("school_id", "successor_school_id"):
        for p in parsed:
            p.value = school_code(p.value) if p.value else p.value
    for code, p in enumerate(parsed):
        if p.rule:
            severity = "error" if spec.rejects else "warning"
            at = np.flatnonzero(codes == code)
            findings.add(
                at, p.rule, severity, column=spec.name, value=texts[code], title=spec.title_ru, hint=p.hint
            )
    for rule in dict.fromkeys(r for p in parsed for r in p.repairs):
        having = [c for c, p in enumerate(parsed) if rule in p.repairs]
        repairs.add(rule, np.flatnonzero(np.isin(codes, having)))
    return _array([p.value for p in parsed], DTYPES[spec.kind]).take(codes, allow_fill=True)


def _array(values: Sequence[Any], dtype: str) -> pd.api.extensions.ExtensionArray:
    return pd.Series(values, dtype=dtype).array


def _misplaced(contract: Contract, landed: pa.Table, findings: _Findings) -> None:
    """Rows that the reader emptied, because people's names would have stood in other columns."""
    for name, spec in contract.fields.items():
        if spec.person:
            at = pa.compute.equal(landed[name], MISPLACED).fill_null(False).to_numpy()
            findings.add(np.flatnonzero(at), "misplaced_row", "error", column=name, title=spec.title_ru)
            return


def _bad_years(landed: pa.Table, findings: _Findings) -> None:
    texts = landed["school_year_text"].to_pandas().fillna("").to_numpy(dtype=object)
    name, title = "school_year", "Учебный год"
    empty, bad = np.flatnonzero(texts == NO_YEAR), np.flatnonzero((texts != "") & (texts != NO_YEAR))
    findings.add(empty, "required", "error", column=name, title=title)
    findings.add(bad, "type_int", "error", column=name, title=title, value=list(texts[bad]))


def _absent_students(frame: pd.DataFrame, landed: pa.Table, findings: _Findings, repairs: _Repairs) -> None:
    """The variant «отсутствовал» is no variant but an absence, and so is a row of nothing but zero totals."""
    form = frame["form"].fillna("").str.lower()
    word = form.map({v: bool(ABSENT.match(v)) for v in form.unique()}).to_numpy(dtype=bool)
    repairs.add("absent_word", np.flatnonzero(word))
    absent = word | (frame["attendance"] == "absent").fillna(False).to_numpy(dtype=bool)
    frame.loc[absent, "attendance"] = "absent"
    frame.loc[~absent, "attendance"] = "present"
    frame.loc[absent, ["form", "total", "score", "mark"]] = None


def _check(contract: Contract, frame: pd.DataFrame, findings: _Findings) -> None:
    """Pandera's lazy verdict on the whole batch, as findings.

    A relation is judged without the cells that are at fault by themselves.
    """
    cases = _failures(contract, frame)
    of_rows = cases["schema_context"] != "Column"
    for (column, check), part in cases[~of_rows].groupby(["column", "check"]):
        index = part["index"].dropna().astype(int).unique()
        spec = contract.fields[str(column)]
        rule = _PANDERA_RULES.get(str(check).partition("(")[0])
        if rule is None:
            raise RuntimeError(f"contract {contract.name}: field {column} failed {check}: {part.head(3)}")
        if rule == "required":
            index = index[~findings.at_fault(spec.name)[index]]
        values = frame[spec.name].iloc[index].astype(str).fillna("").to_numpy()
        hint = (spec.note_ru or "", "")
        findings.add(
            index, rule, "error" if spec.rejects else "warning", column=spec.name, value=values,
            title=spec.title_ru, hint=hint, ge=_limit(spec.ge), le=_limit(spec.le),
        )  # fmt: skip
    related = cases[of_rows]
    if len(related) and not of_rows.all():
        sound = frame.copy()
        _empty_faults(sound, findings, ("error", "warning"))
        rows = related["index"].dropna().astype(int).unique()
        again = _failures(contract, sound.iloc[rows])
        related = again[again["schema_context"] != "Column"]
    for check in related["check"].unique():
        part = related[related["check"] == check]
        name = next((r for r in contract.relations if r in str(check)), None)
        if name is None:
            raise RuntimeError(f"contract {contract.name}: unexpected failure {check!s}")
        index = part["index"].dropna().astype(int).unique()
        findings.add(index, name, "warning", hint=contract.relations[name])


def _failures(contract: Contract, frame: pd.DataFrame) -> pd.DataFrame:
    try:
        contract.model.validate(frame, lazy=True)
    except pa_check.errors.SchemaErrors as errors:
        return errors.failure_cases
    return pd.DataFrame({"schema_context": [], "column": [], "check": [], "index": []})


def _limit(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _assessments(frame: pd.DataFrame) -> dict[AssessmentKey, np.ndarray]:
    """The rows of each assessment of the batch; rows whose key is at fault belong to none."""
    keys = frame[["kind", "subject", "grade"]].notna().all(axis=1)
    window = frame["window"].fillna("")
    grouped: dict[Any, Any] = (
        frame[keys].groupby(["kind", "subject", "grade", window[keys]], sort=True).indices
    )
    rows = np.flatnonzero(keys.to_numpy())
    return {(str(k), str(s), int(g), str(w)): rows[i] for (k, s, g, w), i in grouped.items()}


@dataclass
class _Scored:
    lists: pa.Array
    forms: np.ndarray
    totals: np.ndarray


def _score(
    frame: pd.DataFrame, landed: pa.Table, reference: Mapping[AssessmentKey, list[ReferenceItem]],
    findings: _Findings, repairs: _Repairs,
) -> tuple[pa.Table, _Scored]:  # fmt: skip
    n = len(frame)
    item_sets = landed["item_set"].to_pandas().fillna("").to_numpy(dtype=object)
    absent = (frame["attendance"] == "absent").to_numpy(dtype=bool)
    forms = frame["form"].fillna("").to_numpy(dtype=object)
    totals = np.full(n, np.nan)
    lists: list[np.ndarray | None] = [None] * n
    table: list[tuple[AssessmentKey, int, ItemColumn]] = []
    for key, rows in _assessments(frame).items():
        with_items = rows[(item_sets[rows] != "") & ~absent[rows]]
        if len(with_items):
            cells = landed["cells"].take(pa.array(with_items))
            scored = score_items(cells, item_sets[with_items], reference.get(key, []))
            _item_findings(scored, with_items, item_sets, findings, repairs)
            answered = (scored.scores != ABSENT_ITEM).any(axis=1)
            table += [(key, j + 1, item) for j, item in enumerate(scored.items)]
            for k in np.flatnonzero(answered):
                lists[with_items[k]] = scored.scores[k]
            at = with_items[answered]
            forms[at] = form_labels(scored.scores[answered], forms[at], scored.items)
            if scored.totals_comparable:
                totals[at] = np.maximum(scored.scores[answered], 0).sum(axis=1)
                _total_findings(frame, at, scored.scores[answered], totals[at], scored.items, findings)
    has_list = np.array([x is not None for x in lists], bool) if n else np.zeros(0, bool)
    has_result = has_list | frame[["total", "score", "mark"]].notna().any(axis=1).to_numpy(dtype=bool)
    missing = ~has_result & ~absent & ~findings.at_fault("item")
    findings.add(np.flatnonzero(missing), "no_result", "error")
    frame["form"] = _array([f or None for f in forms], "str")
    items = pa.table(
        {
            "kind": pa.array([k[0] for k, _, _ in table], pa.string()),
            "subject": pa.array([k[1] for k, _, _ in table], pa.string()),
            "grade": pa.array([k[2] for k, _, _ in table], pa.int32()),
            "window": pa.array([k[3] or None for k, _, _ in table], pa.string()),
            "position": pa.array([p for _, p, _ in table], pa.int32()),
            "item": pa.array([i.item for _, _, i in table], pa.string()),
            "max_score": pa.array([i.max_score for _, _, i in table], pa.float64()),
            "max_source": pa.array([i.source for _, _, i in table], pa.string()),
        }
    )
    return items, _Scored(_score_lists(lists), forms, totals)


def _score_lists(lists: list[np.ndarray | None]) -> pa.Array:
    sizes = np.array([0 if x is None else len(x) for x in lists], dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    flat = np.concatenate([x for x in lists if x is not None]) if sizes.any() else np.zeros(0, np.int16)
    values = pa.array(flat, pa.int16(), mask=flat == ABSENT_ITEM)
    missing = pa.array([x is None for x in lists], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=missing)


def _item_findings(
    scored: ScoredItems, rows: np.ndarray, item_sets: np.ndarray, findings: _Findings, repairs: _Repairs
) -> None:
    for at, j, rule, text, limit in scored.faults:
        severity = "warning" if rule == "no_key" else "error"
        title = scored.items[j].item
        places = [scored.places[s][j] for s in item_sets[rows[at]]]
        findings.add(rows[at], rule, severity, column="item", value=text, title=title, le=limit, item=places)
    findings.add(rows[scored.wrong_length], "answers_length", "error", column="item")
    repairs.add("omitted_mark", rows, scored.omitted_marks)
    repairs.add("not_administered", rows, scored.not_taught_marks)


def _total_findings(
    frame: pd.DataFrame, rows: np.ndarray, scores: np.ndarray, sums: np.ndarray, items: list[ItemColumn],
    findings: _Findings,
) -> None:  # fmt: skip
    """The file's own totals against the sums of the items.

    Where the same items are missing from all wrong totals, of the whole assessment or of a school, each
    school made one mistake, and gets one finding.
    """
    sent = frame["total"].iloc[rows].to_numpy(dtype=float, na_value=np.nan)
    known = np.flatnonzero(~np.isnan(sent) & ~findings.rejected()[rows])
    short_by = (sums - sent)[known]
    if not short_by.any():
        return
    points = np.maximum(scores[known], 0)
    schools = frame["school_id"].iloc[rows[known]].fillna("").to_numpy(dtype=object)
    explained = short_by == 0
    everywhere = _left_out(points, short_by)
    for school in dict.fromkeys(schools[~explained]):
        here = np.flatnonzero(schools == school)
        chosen = everywhere or _left_out(points[here], short_by[here])
        here = here[short_by[here] != 0]
        here = here[points[here][:, chosen].sum(axis=1) == short_by[here]] if chosen else here[:0]
        if len(here):
            explained[here] = True
            title, times = ", ".join(items[j].item for j in chosen), str(len(here))
            first = rows[known[here[:1]]]
            findings.add(
                first, "criterion_left_out", "warning", column="total", title=title, hint=(times, times)
            )
    left = known[~explained]
    values, hints = ([f"{v:g}" for v in x[left]] for x in (sent, sums))
    findings.add(rows[left], "total_differs", "warning", column="total", value=values, hint=(hints, hints))


def _left_out(points: np.ndarray, short_by: np.ndarray) -> tuple[int, ...]:
    """The fewest items (at most three) whose points are what the wrong totals are short by; () if none are.

    Nine in ten wrong totals must agree, five at least, and they must be a third at least of all the papers
    with points for these items: an easy item would agree with a few slips by chance.
    """
    wrong, right = points[short_by != 0], points[short_by == 0]
    short = short_by[short_by != 0]
    enough = max(MISTAKE_ROWS, 0.9 * len(short))
    within = [j for j in range(points.shape[1]) if (wrong[:, j] <= short).sum() >= enough]
    for size in (1, 2, 3):
        found: list[tuple[int, tuple[int, ...]]] = []
        for chosen in itertools.combinations(within, size):
            agree = (wrong[:, chosen].sum(axis=1) == short).sum()
            against = right[:, chosen].any(axis=1).sum()
            if agree >= enough and 2 * agree >= against:
                found.append((against, chosen))
        if found:
            return min(found)[1]
    return ()


def _keys(
    contract: Contract, frame: pd.DataFrame, files: np.ndarray, layouts: np.ndarray,
    order: Mapping[str, int], names: Mapping[str, str], findings: _Findings,
) -> None:  # fmt: skip
    """One row a key. A newer file wins over an older; within a file repeated rows are faults.

    A newer file that repeats at least half of what an older one had of a school (of a class, where there are
    classes) and period replaces all of it: a row that the correction left out is gone. Fewer repeats replace
    just the rows repeated, so files by class stand side by side.
    """
    key = list(contract.key)
    alive = np.flatnonzero(~findings.rejected())
    if len(alive) < 2:
        return
    if contract.merged:  # sources of other layouts complete a row, they don't replace it
        frame = frame.assign(layout=layouts)
        key.append("layout")
    sub = frame.iloc[alive]
    repeated = sub.duplicated(key, keep=False).to_numpy()
    if not repeated.any():
        return
    seq = np.array([order.get(f, 0) for f in files[alive]])
    number = sub.groupby(key, dropna=False, sort=False).ngroup().to_numpy()
    newest = pd.Series(seq).groupby(number).transform("max").to_numpy()
    older = repeated & (seq < newest)
    if older.any():
        older |= _replaced_whole(contract, sub, seq, number, older)
        by_seq = {order.get(f, 0): f for f in set(files[alive])}
        hints = [names.get(by_seq[s], by_seq[s]) for s in newest[older]]
        findings.add(alive[older], "superseded", "superseded", hint=(hints, hints))
    left = alive[repeated & ~older]
    again = frame.iloc[left]
    again = again[again.duplicated(key, keep=False)]
    if again.empty:
        return
    place = np.array(left)[frame.iloc[left].duplicated(key, keep=False).to_numpy()]
    titles = ", ".join(contract.fields[k].title_ru for k in contract.key if again[k].notna().any())
    same = again.duplicated(list(frame.columns), keep=False).to_numpy()
    later = again.duplicated(list(frame.columns), keep="first").to_numpy()
    groups = again.groupby(key, dropna=False, sort=False).ngroup()
    alike = pd.Series(same).groupby(groups.to_numpy()).transform("all").to_numpy()
    findings.add(place[alike & later], "duplicate_row", "error")
    findings.add(place[~alike], "duplicate_key", "error", hint=(titles, ", ".join(contract.key)))


def _replaced_whole(
    contract: Contract, sub: pd.DataFrame, seq: np.ndarray, number: np.ndarray, older: np.ndarray
) -> np.ndarray:
    """Rows of an older file that its correction dropped: see :func:`_keys`."""
    # a correction of one class says nothing of the school's other classes
    unit = [c for c in ("school_id", "class_name", *contract.period) if c in sub.columns]
    if not unit:
        return np.zeros(len(sub), bool)
    part = sub.groupby(unit, dropna=False, sort=False).ngroup().to_numpy()
    out = np.zeros(len(sub), bool)
    blocks = pd.DataFrame({"part": part, "seq": seq, "older": older}).groupby(["part", "seq"])["older"]
    share = blocks.transform("mean").to_numpy()
    out |= (share >= 0.5) & ~older
    return out


def _empty_faults(frame: pd.DataFrame, findings: _Findings, severities: tuple[str, ...]) -> None:
    """A fault in an optional field empties it; the rest of the row stays."""
    for part in findings.parts:
        if part["severity"] in severities and part["rule_id"] in _HAVING_A_VALUE:
            frame.loc[frame.index[part["index"]], part["field"]] = None


def accepted_schema(contract: Contract) -> pa.Schema:
    """The accepted table of a contract: provenance, then its fields; keys in place of persons."""
    types = {
        "text": pa.string(), "int": pa.int64(), "number": pa.float64(), "bool": pa.bool_(),
        "date": pa.date32(),
    }  # fmt: skip
    out = [
        pa.field("file_id", pa.string()),
        pa.field("sheet", pa.string()),
        pa.field("row", pa.int32()),
        pa.field("school_year", pa.int32()),
        pa.field("school_key", pa.string()),
    ]
    for name, spec in contract.fields.items():
        if name != "school_year":
            out.append(pa.field(accepted_name(name, spec), types[spec.kind]))
    if contract.has_items:
        out += [pa.field("scores", pa.list_(pa.int16())), pa.field("total_recomputed", pa.float64())]
    return pa.schema(out)


def item_schema() -> pa.Schema:
    """The items of the assessments of a year, by the position of their scores in ``scores``."""
    return pa.schema(
        [
            ("school_year", pa.int32()), ("kind", pa.string()), ("subject", pa.string()),
            ("grade", pa.int32()), ("window", pa.string()), ("position", pa.int32()), ("item", pa.string()),
            ("max_score", pa.float64()), ("max_source", pa.string()),
        ]
    )  # fmt: skip


def _accepted(
    contract: Contract, frame: pd.DataFrame, landed: pa.Table, scored: _Scored | None, rejected: np.ndarray
) -> pa.Table:
    keep = pa.array(~rejected)
    arrays = []
    by_name = {accepted_name(n, s): n for n, s in contract.fields.items()}
    for f in accepted_schema(contract):
        if f.name == "scores" and scored is not None:
            arrays.append(scored.lists)
        elif f.name == "total_recomputed" and scored is not None:
            arrays.append(pa.array(scored.totals, pa.float64(), from_pandas=True))
        elif f.name in ("file_id", "sheet", "row", "school_year", "school_key"):
            arrays.append(landed[f.name].combine_chunks().cast(f.type))
        else:
            arrays.append(pa.array(frame[by_name[f.name]], from_pandas=True).cast(f.type))
    return pa.Table.from_arrays(arrays, schema=accepted_schema(contract)).filter(keep)


FINDING_SCHEMA = pa.schema(
    [
        ("file_id", pa.string()), ("sheet", pa.string()), ("row", pa.int32()), ("school_year", pa.int32()),
        ("contract", pa.string()), ("reading", pa.int16()), ("field", pa.string()), ("item", pa.int32()),
        ("value", pa.string()), ("rule_id", pa.string()), ("severity", pa.string()),
        ("message_ru", pa.string()), ("message_en", pa.string()),
    ]
)  # fmt: skip


def _finding_table(findings: _Findings, landed: pa.Table, contract: Contract) -> pa.Table:
    frame = findings.frame()
    at = landed.select(["file_id", "sheet", "row", "school_year", "reading"]).take(
        pa.array(frame["index"].to_numpy(dtype=np.int64))
    )
    texts = [_message(r, contract) for r in frame.to_dict("records")]
    columns = {
        "file_id": at["file_id"], "sheet": at["sheet"], "row": at["row"],
        "school_year": at["school_year"].cast(pa.int32()), "contract": pa.repeat(contract.name, len(frame)),
        "reading": at["reading"], "field": pa.array(frame["field"].astype(str), pa.string()),
        "item": pa.array(frame["item"].astype(int), pa.int32()),
        "value": pa.array(frame["value"].astype(str), pa.string()),
        "rule_id": pa.array(frame["rule_id"].astype(str), pa.string()),
        "severity": pa.array(frame["severity"].astype(str), pa.string()),
        "message_ru": pa.array([t[0] for t in texts], pa.string()),
        "message_en": pa.array([t[1] for t in texts], pa.string()),
    }  # fmt: skip
    return pa.table(columns, schema=FINDING_SCHEMA)


def _message(row: Mapping[Any, Any], contract: Contract) -> tuple[str, str]:
    rule = RULES.get(str(row["rule_id"]))
    if rule is None:
        ru, en = contract.relations[str(row["rule_id"])]
        return ru, en
    return _worded(rule, row)


def _worded(rule: Rule, row: Mapping[Any, Any]) -> tuple[str, str]:
    facts = {k: row[k] for k in ("title", "value", "ge", "le")}
    facts["value"] = clean(str(facts["value"]))[:80]
    return (
        rule.ru.format(hint=row["hint_ru"], **facts).strip(),
        rule.en.format(hint=row["hint_en"], **facts).strip(),
    )


__all__ = ["OMITTED", "Validated", "accepted_schema", "item_schema", "validate"]
