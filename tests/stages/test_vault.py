"""The vault and the ledger: what was sent, its versions, and what counts of it."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.intake import stages, vault
from pipelines.intake.ledger import Ledger
from pipelines.settings import Settings

HEADER = "school_id,position_group,positions,filled,headcount\n"


class Home:
    """A home and an inbox in a temporary folder, with the stages up to the accepted rows."""

    def __init__(self, folder: Path, ledger_url: str | None = None) -> None:
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        self.settings = Settings(home=folder / "home", inbox=self.inbox, workers=1, ledger_url=ledger_url)
        self.settings.home.mkdir()
        self.ledger = Ledger(self.settings.database_url)

    def put(self, name: str, text: str) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def receive(self) -> vault.Receipt:
        receipt = vault.receive(self.settings, self.ledger)
        stages.land(self.settings, self.ledger)
        return receipt

    def accept(self, contract: str = "staffing", year: int = 2023) -> stages.Partition:
        return stages.accept(self.settings, self.ledger, contract, year)

    def states(self) -> dict[str, list[str]]:
        out: dict[str, list[str]] = {}
        for s in self.ledger.submissions():
            out.setdefault(s.path, []).append(s.state)
        return out


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    if request.param == "sqlite":
        return Home(tmp_path)
    url = os.environ.get("UROVEN_TEST_POSTGRES")
    if not url:
        pytest.skip("no PostgreSQL server: set UROVEN_TEST_POSTGRES to a URL of one")
    made = Home(tmp_path, url)
    from pipelines.intake.ledger import metadata  # noqa: PLC0415

    metadata.drop_all(made.ledger.engine)
    metadata.create_all(made.ledger.engine)
    return made


def rows(*lines: str) -> str:
    return HEADER + "".join(line + "\n" for line in lines)


def test_same_content_twice_is_recognised(home: Home) -> None:
    home.put("2023/staffing.csv", rows("s1,teachers,10,9,9"))
    home.put("2023/копия staffing.csv", rows("s1,teachers,10,9,9"))
    receipt = home.receive()
    assert receipt.duplicates == ["2023/копия staffing.csv"]
    assert home.accept().rows_accepted == 1


def test_a_copy_of_less_known_origin_is_the_duplicate(home: Home) -> None:
    home.put("a копия.csv", rows("s1,teachers,10,9,9"))
    home.put("b 2023.csv", rows("s1,teachers,10,9,9"))
    assert home.receive().duplicates == ["a копия.csv"]


def test_nothing_new_is_not_read_again(home: Home) -> None:
    home.put("2023/staffing.csv", rows("s1,teachers,10,9,9"))
    home.receive()
    again = home.receive()
    assert (again.new, again.changed, again.known_n) == ([], [], 1)
    assert stages.land(home.settings, home.ledger) == []
    assert home.accept().worked
    assert not home.accept().worked


def test_a_corrected_file_replaces_all_rows_of_its_predecessor(home: Home) -> None:
    path = home.put("2023/staffing.csv", rows("s1,teachers,10,9,9", "s2,teachers,8,8,8"))
    home.receive()
    assert home.accept().rows_accepted == 2
    path.write_text(rows("s1,teachers,10,10,10"), encoding="utf-8")
    assert home.receive().changed == ["2023/staffing.csv"]
    part = home.accept()
    assert (part.rows_read, part.rows_accepted) == (1, 1)
    assert home.states()["2023/staffing.csv"] == ["superseded", "active"]


def test_a_damaged_correction_does_not_throw_out_what_it_meant_to_correct(home: Home) -> None:
    path = home.put("2023/staffing.csv", rows("s1,teachers,10,9,9"))
    home.receive()
    path.write_bytes(b"")
    home.receive()
    assert home.states()["2023/staffing.csv"] == ["active", "active"]
    assert home.accept().rows_accepted == 1


def test_a_correction_under_another_name_wins_row_by_row(home: Home) -> None:
    home.put("2023/a.csv", rows("s1,teachers,10,9,9", "s1,leaders,2,2,2", "s2,teachers,8,8,8"))
    home.receive()
    home.put("2023/b исправлено.csv", rows("s1,teachers,10,10,10", "s1,leaders,3,3,3"))
    home.receive()
    part = home.accept()
    assert (part.rows_read, part.rows_accepted, part.rows_rejected) == (5, 3, 2)
    assert part.conserved


def test_a_correction_drops_the_row_it_left_out(home: Home) -> None:
    lines = [f"s1,{group},10,9,9" for group in ("teachers", "leaders", "tutors")]
    home.put("2023/a.csv", rows(*lines))
    home.receive()
    home.put("2023/b.csv", rows(*lines[:2]))
    home.receive()
    assert home.accept().rows_accepted == 2


def test_files_that_hold_different_rows_of_a_school_stand_side_by_side(home: Home) -> None:
    home.put("2023/a.csv", rows("s1,teachers,10,9,9"))
    home.put("2023/b.csv", rows("s1,leaders,2,2,2"))
    home.receive()
    assert home.accept().rows_accepted == 2


def test_a_changed_manifest_makes_a_new_submission(home: Home) -> None:
    home.put("staffing.csv", rows("s1,teachers,10,9,9"))
    home.put("manifest.csv", "file,contract,school_year\nstaffing.csv,staffing,2022\n")
    home.receive()
    assert home.accept(year=2022).rows_accepted == 1
    home.put("manifest.csv", "file,contract,school_year\nstaffing.csv,staffing,2023\n")
    home.receive()
    assert home.accept(year=2023).rows_accepted == 1
    assert home.accept(year=2022).rows_read == 0


def test_a_lost_ledger_is_rebuilt_from_the_vault(home: Home) -> None:
    home.put("2023/staffing.csv", rows("s1,teachers,10,9,9"))
    home.receive()
    before = home.ledger.submissions()
    from pipelines.intake.ledger import metadata  # noqa: PLC0415

    metadata.drop_all(home.ledger.engine)
    metadata.create_all(home.ledger.engine)
    assert vault.rebuild(home.settings, home.ledger) == 1
    assert home.ledger.submissions() == before


def test_every_file_is_kept_as_it_came_and_only_for_its_owner(home: Home) -> None:
    path = home.put("2023/staffing.csv", rows("s1,teachers,10,9,9"))
    home.receive()
    kept = vault.vault_path(home.settings, home.ledger.submissions()[0].sha256)
    assert kept.read_bytes() == path.read_bytes()
    assert oct(home.settings.vault.stat().st_mode)[-3:] == "700"
    assert oct(kept.stat().st_mode)[-3:] == "600"


def test_readme_and_manifest_are_named_but_hold_no_data(home: Home) -> None:
    home.put("README.md", "text")
    home.put("manifest.csv", "file\n")
    home.receive()
    assert set(map(tuple, home.states().values())) == {("service",)}


def refusals(home: Home) -> dict[str, str]:
    """Path -> why the file was refused."""
    readings = home.ledger.readings()
    return {s.path: readings[s.file_id][1].rule for s in home.ledger.submissions() if s.file_id in readings}


def test_links_and_other_things_that_are_no_files_are_refused_unopened(home: Home, tmp_path: Path) -> None:
    secret, folder = tmp_path / "outside.csv", tmp_path / "outside"
    secret.write_text(rows("s1,teachers,1,1,1"))
    folder.mkdir()
    (home.inbox / "2023 a.csv").symlink_to(secret)
    (home.inbox / "2023 b.csv").symlink_to(tmp_path / "nowhere")
    (home.inbox / "c").symlink_to(folder)
    os.mkfifo(home.inbox / "2023 d.csv")
    home.receive()
    assert refusals(home) == dict.fromkeys(("2023 a.csv", "2023 b.csv", "c"), "link") | {
        "2023 d.csv": "not_a_file"
    }
    kept = [vault.vault_path(home.settings, s.sha256).read_bytes() for s in home.ledger.submissions()]
    assert not any(b"teachers" in k for k in kept)
    assert home.receive().known_n == 4
    (home.inbox / "2023 a.csv").unlink()
    home.put("2023 a.csv", rows("s1,teachers,1,1,1"))
    home.receive()
    assert home.accept().rows_accepted == 1 and home.states()["2023 a.csv"] == ["superseded", "active"]


def test_a_file_that_may_not_be_opened_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.put("2023/staffing.csv", rows("s1,teachers,1,1,1"))
    with monkeypatch.context() as patched:
        allowed = os.access
        patched.setattr(os, "access", lambda p, mode: Path(p) != path and allowed(p, mode))
        home.receive()
    assert refusals(home) == {"2023/staffing.csv": "no_access"}
    home.receive()
    assert home.accept().rows_accepted == 1


def test_names_that_disks_and_terminals_trip_over(home: Home) -> None:
    line = rows("s1,teachers,1,1,{}")
    long = "Кадровый отчёт " + "ё" * 110 + ".csv"
    names = [long, "=cmd|' /C calc'!A0 2023.csv", "[/red] 2023.csv", "\u202ecsv.2023.csv", "a\nb 2023.csv"]
    for n, name in enumerate(names):
        home.put(f"2023/{name}", line.format(f"x{n}"))
    raw = os.fsencode(home.inbox) + b"/2023/\xca\xe0\xe4\xf0\xfb.csv"
    with open(raw, "w") as f:  # noqa: PTH123  a name that is no text
        f.write(line.format("y"))
    home.receive()
    assert "2023/\\xca\\xe0\\xe4\\xf0\\xfb.csv" in home.states()
    assert home.accept().rows_rejected == 6
    assert len(stages.return_workbooks(home.settings, home.ledger)) == 6
    assert stages.return_workbooks(home.settings, home.ledger) == []
    stages.export_ledger(home.settings, home.ledger)


def test_a_manifest_that_names_a_missing_file_says_so_until_it_comes(home: Home) -> None:
    home.put("2023/manifest.csv", "file,contract\nstaffing.csv,staffing\n../../etc/passwd,staffing\n")
    home.receive()
    (reading,) = (r for _, r in home.ledger.readings().values())
    assert (reading.rule, reading.missing_n) == ("missing_file", 2) and "staffing.csv" in reading.message_ru
    stages.export_ledger(home.settings, home.ledger)
    (count,) = pq.read_table(home.settings.lake / "ledger" / "rule_count.parquet").to_pylist()
    assert (count["rule_id"], count["severity"], count["n"]) == ("missing_file", "warning", 2)
    home.put("2023/staffing.csv", rows("s1,teachers,1,1,1"))
    home.put("2023/manifest.csv", "file,contract\nstaffing.csv,staffing\n")
    home.receive()
    assert set(refusals(home).values()) == {""}


def test_a_wholly_rejected_correction_leaves_the_earlier_file_in_its_place(home: Home) -> None:
    path = home.put("2023/staffing.csv", rows("s1,teachers,10,9,9", "s2,teachers,8,8,8"))
    home.receive()
    assert home.accept().rows_accepted == 2
    path.write_text(rows("s1,teachers,много,9,9"), encoding="utf-8")
    home.receive()
    assert home.accept().rows_accepted == 0
    snapshot = stages.resettled(home.settings, home.ledger)
    assert snapshot and len(snapshot.active) == 2
    part = home.accept()
    assert (part.rows_read, part.rows_accepted, part.rows_rejected) == (3, 2, 1)
    assert stages.resettled(home.settings, home.ledger) is None
    path.write_text(rows("s1,teachers,11,9,9", "s2,teachers,мало,8,8"), encoding="utf-8")
    home.receive()
    assert home.states()["2023/staffing.csv"] == ["superseded", "superseded", "active"]
    assert home.accept().rows_accepted == 1


def test_returned_workbooks_go_with_their_faults_and_with_time(home: Home) -> None:
    path = home.put("2023/staffing.csv", rows("s1,teachers,x,9,9", "s2,teachers,1,1,1"))
    home.receive()
    home.accept()
    (name,) = stages.return_workbooks(home.settings, home.ledger)
    workbook = home.settings.returned / name
    old = workbook.stat().st_mtime - (home.settings.returned_days + 1) * 86_400
    os.utime(workbook, (old, old))
    assert stages.return_workbooks(home.settings, home.ledger) == [] and not workbook.exists()
    assert stages.return_workbooks(home.settings, home.ledger) == [], "an expired workbook is not made anew"
    path.write_text(rows("s1,teachers,y,9,9", "s2,teachers,1,1,1"), encoding="utf-8")
    home.receive()
    home.accept()
    assert stages.return_workbooks(home.settings, home.ledger) == [name] and workbook.exists()
    path.write_text(rows("s1,teachers,9,9,9", "s2,teachers,1,1,1"), encoding="utf-8")
    home.receive()
    home.accept()
    assert stages.return_workbooks(home.settings, home.ledger) == []
    assert [p for p in home.settings.returned.rglob("*") if p.is_file()] == []


def test_without_an_inbox_the_message_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, inbox=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="UROVEN_INBOX"):
        vault.receive(settings, Ledger("sqlite://"))


def test_a_returned_workbook_sent_back_corrects_the_file_it_marks(home: Home) -> None:
    home.put("2023/staffing.csv", rows("s1,teachers,10,9,9", "s2,teachers,x,8,8"))
    home.receive()
    assert home.accept().rows_rejected == 1
    home.put("2023/staffing.csv.ошибки.xlsx", rows("s1,teachers,10,9,9", "s2,teachers,8,8,8"))
    home.receive()
    part = home.accept()
    assert (part.rows_accepted, part.rows_rejected, part.files_n) == (2, 0, 1)
    assert home.receive().known_n == 1


def test_a_correction_of_one_class_leaves_the_other_classes(home: Home) -> None:
    head = "school_id,student_id,class,total\n"
    first = [f"s1,a{i},4а,5\n" for i in range(6)] + [f"s1,b{i},4б,7\n" for i in range(4)]
    manifest = "file,contract,kind,subject,grade,school_year\n"
    manifest += "".join(f"{name}.csv,student_results,МДР,Математика,4,2023\n" for name in ("x", "y"))
    home.put("manifest.csv", manifest)
    home.put("x.csv", head + "".join(first))
    home.receive()
    home.put("y.csv", head + "".join(f"s1,a{i},4а,6\n" for i in range(5)))
    home.receive()
    part = home.accept("student_results")
    assert (part.rows_read, part.rows_accepted) == (15, 5 + 4)
