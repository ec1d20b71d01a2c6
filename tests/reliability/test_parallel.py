"""Tasks in processes give what they give in one."""

from __future__ import annotations

import os
import time
from functools import partial

import pytest

from pipelines.parallel import beside, each


def _place(number: int) -> tuple[int, int]:
    return number, os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_their_tasks(workers: int) -> None:
    results = each([partial(_place, n) for n in range(5)], workers)
    assert [number for number, _ in results] == list(range(5))
    assert ({os.getpid()} == {pid for _, pid in results}) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_fails_is_not_lost(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        each([partial(divmod, 1, 1), partial(divmod, 1, 0), partial(divmod, 2, 1)], workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_beside_gives_its_result_or_its_error(workers: int) -> None:
    with beside(partial(_place, 7), workers) as result:
        assert (result() == (7, os.getpid())) == (workers == 1)
    with pytest.raises(ZeroDivisionError), beside(partial(divmod, 1, 0), workers) as result:
        result()


def test_who_leaves_does_not_wait_for_the_task_beside() -> None:
    with pytest.raises(LookupError), beside(partial(time.sleep, 3600), 2):
        raise LookupError
