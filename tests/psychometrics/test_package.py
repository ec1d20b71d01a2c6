"""What the package promises about itself."""

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

import pipelines.psychometrics as package
from pipelines.psychometrics.messages import TEXTS, message

FOLDER = Path(package.__file__).parent
ALLOWED = {"__future__", "collections", "dataclasses", "functools", "numpy", "scipy", "typing"}


def test_it_knows_numpy_and_scipy_only():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert {name.split(".")[0] for name in names} <= ALLOWED, path.name


def test_public_names_exist_and_are_documented():
    for name in package.__all__:
        found = getattr(package, name)
        if callable(found):
            assert inspect.getdoc(found), name
        if dataclasses.is_dataclass(found):
            assert found.__dataclass_params__.frozen, name


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_message_fills_in_both_languages(code):
    found = message(code, "x", detail="d", value=1, limit=2)
    assert "{" not in found.ru + found.en
    assert found.ru != found.en and any("а" <= c <= "я" for c in found.ru.lower())
