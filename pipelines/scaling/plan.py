"""Which assessment is linked to which, and in what order they are calibrated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def linked_id(text: str | None, known: Iterable[str]) -> str | None:
    """The assessment that a register's «linked to» names: an id, or its parts by «/», the window optional.

    Where the text names none that is known, it comes back as it stands, so that a message can name it.
    """
    if not text or not text.strip():
        return None
    plain = text.strip().strip("/").replace("/", "-").rstrip("-")
    return plain if plain in set(known) else text.strip()


def in_order(links: Mapping[str, str | None]) -> tuple[list[str], set[str]]:
    """Assessments with those they are linked to before them; and those whose links run in a circle."""
    order: list[str] = []
    placed: set[str] = set()
    waiting = sorted(links)
    while waiting:
        ready = [a for a in waiting if links[a] is None or links[a] not in links or links[a] in placed]
        if not ready:
            break
        order += ready
        placed.update(ready)
        waiting = [a for a in waiting if a not in placed]
    return order + waiting, set(waiting)
