"""Persons stop here: what names them becomes a keyed hash, and a row that would carry a name is emptied."""

from __future__ import annotations

import difflib
import hmac
import re
from collections import Counter
from collections.abc import Sequence

from pipelines.intake.layouts import Layout, Matcher
from pipelines.intake.parsing import ABSENT, MASK, NO_VALUE, parse
from pipelines.intake.shapes import MISPLACED, mapped
from pipelines.intake.text import clean, fold
from schemas import CONTRACTS, Field
from schemas.codes import aliases

_LOGIN = re.compile(r"^(?:sch|edu)(\d{6})$", re.IGNORECASE)
_NAME_PART = re.compile(r"фио|фамил|имя|отчество|ф\. ?и\. ?о|surname|name")
_WORD = re.compile(r"[^\W\d_]{4,}")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
#: Words that stand in labels of forms, classes and schools and are no names.
_OTHER_WORDS = re.compile(
    r"\b(вариант|форма|версия|демоверсия|резерв\w*|основн\w+|класс|кадет\w*|группа|школа|лицей|гимназия)\b"
)
#: How like a code a word must be to be taken for a slip in it (difflib's ratio).
_SLIP = 0.8


class Hasher:
    """Keyed hashes of persons (HMAC-SHA256, 80 bits kept: 10^9 persons collide with probability < 10^-6)."""

    def __init__(self, secret: bytes) -> None:
        self._keyed = hmac.new(secret, digestmod="sha256")

    def __call__(self, scope: str, value: str) -> str:
        digest = self._keyed.copy()
        digest.update(f"{scope}|{value}".encode())
        return digest.digest()[:10].hex()


def school_code(value: str) -> str:
    """A login's six digits stand for the school: «sch990001» and «edu990001» are one.

    «ksh» logins are left whole: a correctional school may have the digits of another school.
    """
    match = _LOGIN.match(value)
    return match.group(1) if match else value.lower() if value.lower().startswith("ksh") else value


def _scope(school: str, coded: bool) -> str:
    """The school as it stands in a person's key; exam codes come with their leading zeros or without."""
    code = school_code(clean(school))
    return code.lstrip("0") if coded else code


def people_out(
    layout: Layout, contract: str, data: dict[str, Sequence[str]], vectors: list[tuple[str, ...]],
    names: list[str], n: int,
) -> list[int]:  # fmt: skip
    """Join the columns that name a person into one field; returns the rows whose cells are misplaced.

    A row shifted against its header would carry names in other columns: all of its cells are dropped.
    """
    misplaced: set[int] = set()
    for name, parts in layout.person.items():
        if name in data or name not in CONTRACTS[contract].fields:
            continue
        matchers = [Matcher(p) for p in parts]
        indexes = [i for m in matchers for i, c in enumerate(names) if c and m(c)]
        if not indexes:
            continue
        data[name] = _told_apart(
            [" ".join(v) for v in zip(*(vectors[i] for i in indexes), strict=True)],
            data.get("school_id", [""] * n),
            [vectors[i] for i, c in enumerate(names) if c and any(Matcher(p)(c) for p in layout.namesakes)],
        )
        spoken = [vectors[i] for i in indexes if _NAME_PART.search(names[i])]
        for k, column in enumerate(spoken):
            fits = {v: not any(c.isdigit() for c in v) and any(c.isalpha() for c in v) for v in set(column)}
            # a patronymic may be missing, a surname not
            misplaced.update(r for r, v in enumerate(column) if not fits[v] and (k == 0 or v.strip()))
    for name in layout.no_words:
        bad = {v for v in set(data.get(name, ())) if _WORD.search(v) and clean(v).lower() not in NO_VALUE}
        misplaced.update(r for r, v in enumerate(data.get(name, ())) if v in bad)
    for name in layout.masked:
        if name in data:
            spec = CONTRACTS[contract].fields[name]
            data[name] = mapped(data[name], lambda v: MASK if _may_be_a_name(spec, v) else v)  # noqa: B023
    for name in data if misplaced else ():
        data[name] = ["" if r in misplaced else v for r, v in enumerate(data[name])]
    return sorted(misplaced)


def _may_be_a_name(spec: Field, value: str) -> bool:
    """Whether a cell where a number, a date or a code belongs holds a word that may be a name.

    A code in any spelling, or so near to one that it can only be a slip, is none. That there was a word is
    all that is kept of others: the sender is told the cell, and the file as it came lies in the vault.
    """
    text = clean(value).lower()
    if not _LETTERS.search(_OTHER_WORDS.sub("", text)) or text in NO_VALUE or ABSENT.match(text):
        return False
    parsed = parse(spec, value)
    if spec.short:
        return parsed.value is not None and not any(map(str.isdigit, text))
    if parsed.rule in ("", "error_cell"):
        return False
    return not (
        spec.codes and difflib.get_close_matches(fold(text), map(fold, aliases(spec.codes)), 1, _SLIP)
    )


def _told_apart(people: list[str], schools: Sequence[str], documents: list[tuple[str, ...]]) -> list[str]:
    """Namesakes of one school in one table, told apart by their documents.

    Documents stand in some protocols and not in others, so a person is known by name and school where that
    is enough: a resit on another form is the same student's.
    """
    if not documents:
        return people
    times = Counter(zip(schools, people, strict=True))
    return [
        f"{who} {' '.join(parts)}" if times[school, who] > 1 else who
        for who, school, *parts in zip(people, schools, *documents, strict=True)
    ]


def people_hashed(
    layout: Layout,
    contract: str,
    data: dict[str, Sequence[str]],
    misplaced: list[int],
    hasher: Hasher,
    n: int,
) -> None:
    """Replace what names a person by keyed hashes; the columns they came from are landed nowhere."""
    for name, spec in CONTRACTS[contract].fields.items():
        if not spec.person or name not in data:
            continue
        role = name.removesuffix("_id").removesuffix("_no")
        values = mapped(data[name], lambda v: clean(v).upper())
        if "school_id" not in data:
            data[name] = mapped(values, lambda v: hasher(role, v) if v else "")  # noqa: B023
        else:
            coded = layout.school_key.endswith("_code")
            named = ("kind", "subject", "grade", "window") if layout.key_scope == "assessment" else ()
            extra = [clean(data[k][0]) if k in data and n else "" for k in named]
            scopes = mapped(data["school_id"], lambda v: "|".join([role, _scope(v, coded), *extra]))  # noqa: B023
            data[name] = [hasher(s, v) if v else "" for s, v in zip(scopes, values, strict=True)]
        for row in misplaced:
            data[name][row] = MISPLACED  # type: ignore[index]
