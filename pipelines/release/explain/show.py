"""An answer printed as a tree: schools, what their numbers rest on, files and sheets, rows."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from pipelines.release.explain.rows import Node
from pipelines.release.pages.words import IDENTIFICATION, MEASURES

_VERDICTS = {"met": "цель достигнута", "not_met": "цель не достигнута", "too_few": "мало данных для вывода"}
_COMPARISONS = {"at_least": "не ниже", "at_most": "не выше", "above": "выше", "below": "ниже"}
_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_UNITS = {
    "%": "%",
    "percentage points": "п. п.",
    "points": "баллов",
    "points²": "баллов²",
    "points a year": "балла в год",
    "sd": "станд. откл.",
}
_STANDINGS = {"official": "официальное", "field": "принятое в исследованиях", "local": "местное"}
_STATUSES = {
    "A": "обычное",
    "O": "нет файлов",
    "Q": "скрыто",
    "L": "не собиралось",
    "U": "ненадёжно: мало данных",
    "P": "предварительное",
    "B": "разрыв ряда",
}
_GROUPS = {
    "all": "все школы",
    "supported": "школы программы",
    "low_results": "школы с низкими результатами",
    "difficult": "школы в сложных социальных условиях",
    "others": "остальные школы региона",
}
_MEASURES = {
    "mean_score": "Средний результат",
    "below_min_pct": "Ниже минимума",
    "social_index": "Условия школы: из них социальный индекс",
    "z_score_main": "Средний стандартизованный результат",
    "success_rate": "Успеваемость",
    "quality_rate": "Качество знаний",
}


def print_answer(found: Node, rows: int = 5, console: Console | None = None) -> None:
    """Print an answer; of each sheet the first ``rows`` rows."""
    # what is piped on is not folded
    out = console or Console(highlight=False, width=None if sys.stdout.isatty() else 400)
    tree = Tree(f"[bold]{escape(found['title'])}[/bold] [dim]({found['subject']})[/dim]")
    tree.add(_where(found))
    if found["kind"] == "label":
        _label(tree, found, rows)
    else:
        _number(tree, found, rows)
    _release(tree, found["release"])
    out.print(tree)


def _where(found: Node) -> str:
    unit, year = found["unit"], found["school_year"]
    period = found.get("period", "year")
    others = found.get("other_periods")
    return (
        escape(
            f"{unit['name'] or unit['unit_id']} ({unit['unit_id']}), {year - 1}/{year % 100:02d} учебный год"
        )
        + ("" if period == "year" else f", период {escape(period)}")
        + (f" [dim](есть и другие периоды: {escape(', '.join(others))})[/dim]" if others else "")
        + (f", {escape(found['assessment_id'])}" if found["kind"] == "statistic" else "")
    )


def _number(tree: Tree, found: Node, rows: int) -> None:
    definition = found["definition"]
    unit = _UNITS.get(definition.get("unit", ""), "%" if found["subject"].endswith("_pct") else "")
    number = f"{_format(found['value'])} {unit}".strip()
    value = tree.add(f"Значение: [bold]{number}[/bold]{_interval(found)}")
    if found["obs_status"] != "A":
        missing = f": {found['missing_contract']}" if found.get("missing_contract") else ""
        value.add(escape(f"Состояние {found['obs_status']}: {_STATUSES[found['obs_status']]}{missing}"))
    if found["kind"] == "indicator":
        value.add(_formula(found, definition))
        if definition["standing"]:
            value.add(f"Определение: {_STANDINGS.get(definition['standing'], definition['standing'])}")
        _target(value, found)
    if found["numerator"] is None:
        top = tree.add("Оценка не складывается по школам; строки, на которых она стоит")
    else:
        top = tree.add(
            _fraction(
                found["numerator"],
                found["denominator"],
                definition["numerator_ru"],
                definition["denominator_ru"] or "",
            )
        )
    _nodes(top, found["nodes"], rows)
    control = found["control"]
    if control["numerator_of_rows"] is not None:
        top.add(_control(control, found["numerator"], found["denominator"]))
    if reference := found.get("reference"):
        _reference(tree, reference)


def _formula(found: Node, definition: Node) -> str:
    group = _GROUPS.get(definition["school_group"], definition["school_group"])
    if definition["statistic"] == "estimate":
        return f"Оценка по модели; {group}"
    factor = "" if definition["factor"] == 1 else f"{_format(definition['factor'])} × "
    ratio = "числитель" if definition["statistic"] == "sum" else "числитель / знаменатель"
    less = (
        ""
        if found["reference_value"] is None
        else f" − {_format(found['reference_value'])} (с кем сравнивают)"
    )
    schools = f"{group}: {found['members_n']}, с данными: {found['schools_n']}"
    return escape(f"Как считается: {factor}{ratio}{less}; {schools}")


def _target(value: Tree, found: Node) -> None:
    if found["target"] is None:
        value.add("Цель не задана")
        return
    whose = _STANDINGS.get(found["target_standing"] or "", "")
    value.add(
        f"Цель: {_COMPARISONS[found['comparison']]} {_format(found['target'])} ({whose}) — "
        f"{_VERDICTS.get(found['verdict'], found['verdict'])}"
        + (
            "; в пределах погрешности"
            if found["is_confirmed"] is False and found["verdict"] != "too_few"
            else ""
        )
    )


def _label(tree: Tree, found: Node, rows: int) -> None:
    rule = found["rule"]
    standing = _STANDINGS.get(rule["basis"], rule["basis"])
    tree.add(
        escape(
            f"Правило {rule['rule_id']}, версия {rule['rule_version']}, {standing}; "
            f"не меньше {rule['least_n']} участников"
        )
    )
    status = tree.add(
        f"Вывод: [bold]{IDENTIFICATION[found['status']][0]}[/bold] [dim]({found['status']})[/dim]"
    )
    if found["probability"] is not None:
        status.add(f"Вероятность, что правило выполнено на самом деле: {_format(found['probability'])}")
    status.add(
        f"В списке года: {'да' if found['is_listed'] else 'нет'}; выполнено условий: {found['n_conditions']}"
    )
    if found["branches"]:
        status.add(f"Ветви правила, которые выполнены: {escape(found['branches'])}")
    if found["exclusion_reason_ru"]:
        status.add(f"Исключение: {escape(found['exclusion_reason_ru'])}")
    if found["override_label"]:
        state = "действует" if found["override_state"] == "in_force" else "истекло"
        status.add(
            escape(
                f"Решение человека: {found['override_label']}, {found['override_by']}, "
                f"{found['override_on']}, {found['override_reason']}; {state}, "
                f"до {found['override_until'] or 'отмены'}"
            )
        )
    if found["episode_state"]:
        status.add(f"Эпизод: {found['episode_state']}, с {found['first_year']} года")
    shown: set[str] = set()
    for branch in dict.fromkeys((c["branch"], c["requirement"]) for c in found["conditions"]):
        of_branch = [c for c in found["conditions"] if (c["branch"], c["requirement"]) == branch]
        top = tree.add(f"Условия: {escape(' / '.join(dict.fromkeys(branch)))}")
        for condition in sorted(of_branch, key=lambda c: not c["met"]):
            _condition(top, condition, rows, shown)


def _condition(tree: Tree, condition: Node, rows: int, shown: set[str]) -> None:
    """A condition; its rows where no condition before has shown them."""
    mark = "[green]✓[/green]" if condition["met"] else "[dim]·[/dim]"
    n = "" if condition["n"] is None else f" (n = {condition['n']})"
    words = [
        "" if condition["is_known"] else "участников мало, условие не считается",
        "подтверждено" if condition["met_confirmed"] else "",
        "[yellow]почти[/yellow]" if condition["near_miss"] else "",
        "с учётом присоединённых школ" if condition["is_inherited"] else "",
    ]
    top = tree.add(
        f"{mark} {escape(MEASURES[condition['measure']][0])}, {escape(condition['series'])}, "
        f"{condition['condition_year']}: {_format(condition['observed'])}{n}, нужно "
        f"{_SIGNS[condition['comparison']]} {_format(condition['threshold'])}"
        + "".join(f"; {w}" for w in words if w)
    )
    key = f"{condition['condition']}"
    if key in shown:
        top.add("[dim]строки показаны выше[/dim]")
        return
    shown.add(key)
    for part in condition["rests_on"]:
        _nodes(top, part["nodes"], rows, _measure(part))
    if control := condition.get("control"):
        top.add(_control(control, condition["numerator"], condition["n"]))


def _nodes(tree: Tree, nodes: list[Node], rows: int, prefix: str = "") -> None:
    for node in nodes:
        name = node["school_id"] or node["municipality_id"] or node["programme"]
        adds = node["numerator"] or node["denominator"]
        sums = f": {_pair(node['numerator'], node['denominator'])}" if adds else ""
        top = tree.add(escape((f"{prefix}: " if prefix else "") + f"{node['name']} ({name}){sums}"))
        _sources(top, node["sources"], rows)
        for part in node["rests_on"]:
            ratio = part["numerator"] / part["denominator"] if part["denominator"] else None
            inner = top.add(
                escape(
                    f"{_measure(part)}: "
                    + (
                        "нет данных"
                        if part["numerator"] is None
                        else _pair(part["numerator"], part["denominator"])
                    )
                    + (f" = {_format(ratio)}" if ratio is not None else "")
                )
            )
            _sources(inner, part["sources"], rows)


def _sources(tree: Tree, sources: list[Node], rows: int) -> None:
    for source in sources:
        sheet = f", лист «{source['sheet']}»" if source["sheet"] else ""
        work = f", {source['assessment_id']}" if source["assessment_id"] else ""
        top = tree.add(
            escape(
                f"{source['file_name'] or source['file_id']}{sheet}{work}: строк {source['rows_n']}: "
                + (
                    _pair(source["numerator"], source["denominator"])
                    if source["numerator"] or source["denominator"]
                    else "стоят рядом, ничего не добавляют"
                )
            )
        )
        listed = source.get("rows", [])
        for row in listed[:rows]:
            top.add(f"[dim]строка {row['row']}: {_pair(row['numerator'], row['denominator'])}[/dim]")
        if len(listed) > rows:
            top.add(f"[dim]… ещё строк: {len(listed) - rows} (все — в --json)[/dim]")


def _reference(tree: Tree, reference: Node) -> None:
    group = _GROUPS.get(reference["school_group"], reference["school_group"])
    top = tree.add(
        f"С кем сравнивают ({group}): {_format(reference['value'])} = "
        f"{_pair(reference['numerator'], reference['denominator'])}"
        + ("" if reference["agrees"] else " [red]✗[/red]")
    )
    for node in reference["nodes"]:
        files = len({s["file_id"] for s in node["sources"]})
        top.add(
            escape(
                f"{node['name']} ({node['school_id']}): {_pair(node['numerator'], node['denominator'])}; "
                f"файлов {files}, строк {sum(s['rows_n'] for s in node['sources'])}"
            )
        )


def _release(tree: Tree, release: Node | None) -> None:
    if release is None:
        tree.add("Выпуска ещё нет: числа из хранилища")
        return
    as_of = f", сроки на {release['as_of']}" if release["as_of"] else ""
    top = tree.add(escape(f"Выпуск {release['release_id']} от {release['created_at'][:16]}{as_of}"))
    if release["build_is_newer"]:
        top.add(f"[yellow]Хранилище новее выпуска ({release['built_at']}): числа могут отличаться[/yellow]")
    published = release["published"]
    if published is None:
        top.add("В выпуске этого числа нет")
    elif published["obs_status"] == "Q":
        top.add("В выпуске это число скрыто; здесь — без скрытия, для служебного пользования")


def _control(control: Node, numerator: float | None, denominator: float | None) -> str:
    rows, published = control["numerator_of_rows"], numerator
    text = f"сумма строк {_pair(rows, control['denominator_of_rows'])}"
    if control["agrees"]:
        return f"[green]{text} = числитель{'' if denominator is None else ' / знаменатель'} ✓[/green]"
    return f"[red]{text} ≠ {_pair(published, denominator)} ✗[/red]"


def _interval(found: Node) -> str:
    if found["ci_low"] is None:
        return ""
    return f", 95 %: {_format(found['ci_low'])} … {_format(found['ci_high'])}"


def _fraction(numerator: float, denominator: float | None, of_what: str, over_what: str) -> str:
    text = f"Числитель: {_format(numerator)} ({of_what})"
    return escape(
        text if denominator is None else f"{text}; знаменатель: {_format(denominator)} ({over_what})"
    )


def _measure(part: Node) -> str:
    title = _MEASURES.get(part["measure_id"], part["measure_id"])
    return f"{title}, {part['assessment_id'] or part['school_year']}"


def _pair(numerator: float | None, denominator: float | None) -> str:
    if denominator is None:
        return _format(numerator)
    return f"{_format(numerator)} / {_format(denominator)}"


def _format(number: float | None) -> str:
    """Six digits at most, a comma, no trailing zeros."""
    return "—" if number is None else f"{number:.6g}".replace("-", "−").replace(".", ",")
