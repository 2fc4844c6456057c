"""What ``Run.save`` keeps, and under which names."""

from __future__ import annotations

from pathlib import Path

import pytest

import kiseki
from kiseki.run.files import checked_path, matching, snapshot
from kiseki.wire.records import File

from .conftest import Begin, records_of


def saved(run: kiseki.Run) -> list[File]:
    return [record for record in records_of(run) if isinstance(record, File)]


def write(path: str, content: str = "x") -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def test_a_file_saved_now_keeps_what_it_was(begin: Begin) -> None:
    run = begin()
    file = write("model/weights.txt", "first")
    assert run.save("model/*.txt", policy="now") == ["model/weights.txt"]
    file.write_text("second")
    assert saved(run) == [File("model/weights.txt")]
    assert (Path(run.dir) / "files/model/weights.txt").read_text() == "first"


def test_a_file_that_is_followed_is_kept_as_it_is_at_the_end(begin: Begin) -> None:
    run = begin()
    live, end = write("live.txt", "1"), write("end.txt", "1")
    run.save("live.txt")
    run.save("end.txt", policy="end")
    live.write_text("2")
    end.write_text("2")
    run.finish(quiet=True)
    assert saved(run) == [
        File("live.txt", str(live.absolute()), "live"),
        File("end.txt", str(end.absolute()), "end"),
        File("live.txt"),
        File("end.txt"),
    ]
    for name in ("live.txt", "end.txt"):
        assert (Path(run.dir) / "files" / name).read_text() == "2"


def test_a_followed_file_that_is_gone_ends_no_run(
    begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    file = write("gone.txt")
    run.save("gone.txt")
    file.unlink()
    run.finish(quiet=True)
    assert "gone.txt is not kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pattern", "base", "names"),
    [
        ("a/b/c.txt", None, ["a/b/c.txt"]),
        ("a/**/*.txt", None, ["a/b/c.txt", "a/d.txt"]),
        ("a", None, ["a/b/c.txt", "a/d.txt"]),
        ("a/b/c.txt", "a", None),
        ("b/c.txt", "a", ["b/c.txt"]),
        ("{here}/a/d.txt", None, ["d.txt"]),
        ("{here}/a/*/c.txt", None, ["b/c.txt"]),
        ("{here}/a/b/c.txt", "{here}/a", ["b/c.txt"]),
        ("nothing*", None, []),
    ],
)
def test_names_are_paths_below_the_base(
    tmp_path: Path, pattern: str, base: str | None, names: list[str] | None
) -> None:
    write("a/b/c.txt")
    write("a/d.txt")
    pattern = pattern.format(here=tmp_path)
    base = None if base is None else base.format(here=tmp_path)
    assert [name for _, name in matching(pattern, base)] == (names or [])


def test_files_outside_of_the_base_are_refused(begin: Begin) -> None:
    write("a/d.txt")
    with pytest.raises(kiseki.errors.UsageError, match="outside of base_path"):
        begin().save(Path("/etc/hostname"), base_path="a")


def test_an_unknown_policy_is_refused(begin: Begin) -> None:
    with pytest.raises(kiseki.errors.SettingError, match="'live', 'now' or 'end', not 'soon'"):
        begin().save("*", policy="soon")  # type: ignore[arg-type]


def test_a_disabled_run_keeps_nothing(begin: Begin, tmp_path: Path) -> None:
    write("a.txt")
    assert begin(mode="disabled").save("a.txt", policy="now") == ["a.txt"]
    assert not (tmp_path / "kiseki-runs").exists()


@pytest.mark.parametrize("name", ["", "/a", "a/", "../a", "a/../b", "a\\b", "a\nb", "é" * 600])
def test_names_that_no_file_can_have_are_refused(name: str) -> None:
    with pytest.raises(kiseki.errors.UsageError, match="The file name"):
        checked_path(name)
    assert checked_path("./a//b.txt") == "a/b.txt"


def test_a_snapshot_can_be_a_hard_link(tmp_path: Path) -> None:
    source = write("big.bin", "bytes")
    assert snapshot(source, tmp_path / "copies/linked", link=True) == 5
    assert snapshot(source, tmp_path / "copies/copied") == 5
    assert (tmp_path / "copies/linked").samefile(source)
    assert not (tmp_path / "copies/copied").samefile(source)
    with pytest.raises(kiseki.errors.FileError, match=r"Cannot keep a copy of .*missing"):
        snapshot(tmp_path / "missing", tmp_path / "copies/none")
    assert sorted(p.name for p in (tmp_path / "copies").iterdir()) == ["copied", "linked"]
