"""Named findings, gates and errors, each with its text in Russian and English."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# SDMX observation statuses used by this package
STATUS_NORMAL = "A"
STATUS_PROVISIONAL = "P"
STATUS_LOW_RELIABILITY = "U"

TEXTS: dict[str, tuple[str, str]] = {
    # counts
    "bad_counts": ("Таблица счётчиков: {detail}", "Score counts: {detail}"),
    "no_students": ("Нет ни одного результата", "There are no results"),
    # calibration: items
    "item_all_right": (
        "Задание «{subject}»: все получили максимум; трудность не оценивается",
        "Item '{subject}': everyone got the maximum; no difficulty is estimated",
    ),
    "item_all_wrong": (
        "Задание «{subject}»: никто не получил ни балла; трудность не оценивается",
        "Item '{subject}': nobody scored; no difficulty is estimated",
    ),
    "item_constant": (
        "Задание «{subject}»: у всех один и тот же балл; трудность не оценивается",
        "Item '{subject}': everyone has the same score; no difficulty is estimated",
    ),
    "empty_category": (
        "Задание «{subject}»: балл {detail} не получил никто; ступень объединена с соседней",
        "Item '{subject}': nobody has the score {detail}; its step is collapsed",
    ),
    "sparse_category": (
        "Задание «{subject}»: менее {limit} участников с баллом {detail}; оценка ненадёжна",
        "Item '{subject}': fewer than {limit} students with the score {detail}; a weak estimate",
    ),
    "item_too_few": (
        "Задание «{subject}»: участников {value}, нужно не менее {limit}; только классические показатели",
        "Item '{subject}': {value} students, at least {limit} needed; classical statistics only",
    ),
    "item_provisional": (
        "Задание «{subject}»: участников {value}, меньше {limit}; оценка предварительная",
        "Item '{subject}': {value} students, fewer than {limit}; the estimate is provisional",
    ),
    "form_set_aside": (
        "Вариант «{subject}» не калибруется: в нём есть задания, по которым мало участников",
        "Form '{subject}' is not calibrated: it holds items that too few students took",
    ),
    "anchor_released": (
        "Якорное задание «{subject}» не закреплено: {detail}",
        "Anchor item '{subject}' is not fixed: {detail}",
    ),
    "no_anchors": (
        "Ни одно якорное задание не может держать шкалу; калибровка на ней невозможна",
        "No anchor item can hold the scale; nothing is calibrated on it",
    ),
    # calibration: groups and the whole
    "group_too_few": (
        "Группа «{subject}»: участников {value}, нужно не менее {limit}; в калибровку не входит",
        "Group '{subject}': {value} students, at least {limit} needed; left out of the calibration",
    ),
    "group_at_bound": (
        "Группа «{subject}»: у всех крайний балл; в калибровку не входит",
        "Group '{subject}': everyone is at the floor or the ceiling; left out of the calibration",
    ),
    "reference_moved": (
        "Группа отсчёта не калибруется; ноль шкалы — среднее группы «{subject}»",
        "The reference group is not calibrated; the scale's zero is the mean of group '{subject}'",
    ),
    "sd_at_floor": (
        "Группа «{subject}»: разброс неотличим от ошибки измерения",
        "Group '{subject}': the spread cannot be told from measurement error",
    ),
    "constant_total": (
        "У всех участников один и тот же первичный балл; калибровка невозможна",
        "All students have the same raw score; nothing can be calibrated",
    ),
    "nothing_to_calibrate": (
        "Ни одно задание не прошло проверку объёма; только классические показатели",
        "No item has enough students; classical statistics only",
    ),
    "disconnected_forms": (
        "Варианты не связаны общими заданиями: {detail}",
        "Forms share no items: {detail}",
    ),
    "negative_reliability": (
        "Надёжность отрицательна ({value}): тест не различает участников",
        "Reliability is negative ({value}): the test does not tell students apart",
    ),
    # gates
    "gate": ("Проверка «{subject}»: {value}, предел {limit}", "Gate '{subject}': {value}, limit {limit}"),
    "gates_failed": ("Калибровка не принята: {detail}", "The calibration is refused: {detail}"),
    # linking
    "few_anchors": (
        "Осталось якорных заданий: {value}, нужно не менее {limit}",
        "{value} anchors are left, at least {limit} needed",
    ),
    "many_dropped": (
        "Отброшено якорных заданий: {value}, допустимо не более {limit}",
        "{value} of the anchors were dropped, at most {limit} allowed",
    ),
    "no_calibration": (
        "Калибровка «{subject}» не состоялась; связать годы нельзя",
        "Calibration '{subject}' was not possible; the years cannot be linked",
    ),
    "methods_differ": (
        "Способы связи расходятся на {value} балла (предел {limit}): {detail}",
        "Linking methods differ by {value} points (limit {limit}): {detail}",
    ),
    # equating
    "too_few_students": (
        "«{subject}»: участников {value}, нужно не менее {limit}",
        "'{subject}': {value} students, at least {limit} needed",
    ),
}


@dataclass(frozen=True)
class Message:
    """One named finding about one subject (an item, a form, a group), for people to read."""

    code: str
    subject: str
    ru: str
    en: str


def message(code: str, subject: str = "", **figures: object) -> Message:
    """Fill the text of `code`; figures are the named places of its template."""
    ru, en = TEXTS[code]
    figures["subject"] = subject
    return Message(code, subject, ru.format(**figures), en.format(**figures))


class PsychometricsError(ValueError):
    """Input or result that cannot be used; `.message` names it in both languages."""

    def __init__(self, found: Message):
        super().__init__(f"{found.en} / {found.ru}")
        self.message = found

    @property
    def code(self) -> str:
        return self.message.code


class CountsError(PsychometricsError):
    """Score counts or a response matrix that contradict themselves."""

    def __init__(self, detail: str):
        super().__init__(message("bad_counts", detail=detail))


class DisconnectedFormsError(PsychometricsError):
    """Forms fall into parts without common items; `.parts` names the forms of each part."""

    def __init__(self, parts: tuple[tuple[str, ...], ...]):
        detail = " | ".join(", ".join(part) for part in parts)
        super().__init__(message("disconnected_forms", detail=detail))
        self.parts = parts


@dataclass(frozen=True)
class Gate:
    """One condition of publishing: the figure found, its limit, and whether it holds."""

    name: str
    passed: bool
    value: float
    limit: float

    @property
    def message(self) -> Message:
        return message("gate", self.name, value=f"{self.value:.3g}", limit=f"{self.limit:.3g}")


class GateError(PsychometricsError):
    """A calibration that must not be published; `.gates` holds those that failed."""

    def __init__(self, gates: tuple[Gate, ...]):
        detail = "; ".join(f"{g.name} = {g.value:.3g} ({g.limit:.3g})" for g in gates)
        super().__init__(message("gates_failed", detail=detail))
        self.gates = gates


def require_gates(gates: Iterable[Gate]) -> None:
    """Raise GateError naming every gate that failed; return quietly when all hold."""
    failed = tuple(gate for gate in gates if not gate.passed)
    if failed:
        raise GateError(failed)
