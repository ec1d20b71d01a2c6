"""Tasks in processes give what they give in one."""

from __future__ import annotations

import multiprocessing as mp
import os
import time
from functools import partial
from pathlib import Path

import duckdb
import pytest

from pipelines.parallel import beside, each, kept


def _place(number: int) -> tuple[int, int]:
    return number, os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_their_tasks(workers: int) -> None:
    results = each([partial(_place, n) for n in range(5)], workers)
    assert [number for number, _ in results] == list(range(5))
    assert ({os.getpid()} == {pid for _, pid in results}) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_tasks_have_no_results(workers: int) -> None:
    assert each([], workers) == []
    with beside([], workers) as results:
        assert results() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_fails_is_not_lost(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        each([partial(divmod, 1, 1), partial(divmod, 1, 0), partial(divmod, 2, 1)], workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_beside_give_their_results_or_their_error(workers: int) -> None:
    with beside([partial(_place, 7)], workers) as results:
        assert (results() == [(7, os.getpid())]) == (workers == 1)
    with pytest.raises(ZeroDivisionError), beside([partial(divmod, 1, 0)], workers) as results:
        results()


def _setting(name: str) -> object:
    return duckdb.sql(f"select current_setting('{name}')").fetchall()[0][0]


def test_processes_show_nobody_how_far_duckdb_is() -> None:
    assert each([partial(_setting, "enable_progress_bar")] * 2, 2) == [False, False]


def test_who_leaves_does_not_wait_for_the_tasks_beside() -> None:
    with pytest.raises(LookupError), beside([partial(time.sleep, 3600)], 2):
        raise LookupError
    with beside([partial(time.sleep, 3600)], 2):
        pass


def test_a_kept_process_does_its_tasks_and_ends_with_the_block() -> None:
    with kept(partial(_place, 0)) as begin:
        (_, one), (_, other) = [wait() for wait in (begin(partial(_place, 1)), begin(partial(_place, 2)))]
        assert one == other != os.getpid() and _runs(one)
        with pytest.raises(ZeroDivisionError):
            begin(partial(divmod, 1, 0))()
        begin(partial(time.sleep, 3600))
    assert not _runs(one)


def _touch_and_wait(path: Path) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(3600)


def _work_on(path: Path) -> None:
    each([partial(_touch_and_wait, path), partial(time.sleep, 3600)], 2)


def test_processes_end_with_the_one_they_work_for(tmp_path: Path) -> None:
    worker = mp.get_context("spawn").Process(target=_work_on, args=(tmp_path / "at work",))
    worker.start()
    while not (tmp_path / "at work").exists() or not (tmp_path / "at work").read_text():
        assert worker.is_alive()
    pid = int((tmp_path / "at work").read_text())
    worker.kill()
    worker.join()
    while _runs(pid):  # else the test would not end
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"
