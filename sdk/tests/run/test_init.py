"""Beginning a run: its arguments, its folder, and what is printed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

import kiseki
from kiseki._transport.processes import started
from kiseki.errors import SettingError, UsageError
from kiseki.wire.records import Start

from .conftest import Begin, records_of


def test_the_folder_tells_the_uploader_everything_but_the_key(begin: Begin) -> None:
    run = begin(
        id="abc", entity="me", label="rank 1", api_key="secret-key", base_url="http://127.0.0.1:2/"
    )
    directory = Path(run.dir)
    text = (directory / "run.json").read_bytes()
    assert b"secret-key" not in text
    info = msgspec.json.decode(text)
    writer = info.pop("writer")
    assert directory.name.endswith(f"-abc-{writer}")
    assert len(writer) == 10
    assert info == {
        "version": 1,
        "entity": "me",
        "project": "p",
        "run": "abc",
        "label": "rank 1",
        "base_url": "http://127.0.0.1:2",
        "mode": "offline",
        "pid": os.getpid(),
        "pid_started": started(os.getpid()),
        "upload_deadline_s": 0.1,
        "settings": {
            "system_metrics": False,
            "system_interval_s": 10.0,
            "environment": False,
        },
    }


def test_the_journal_begins_with_a_start(begin: Begin) -> None:
    run = begin(name="n", group="g", job_type="j", tags=("a", "b"), notes="x", label="l")
    start = records_of(run)[0]
    assert isinstance(start, Start)
    assert start == Start(1, start.time, "n", "g", "j", ["a", "b"], "x", "l", start.environment)
    assert start.environment.client == f"kiseki/{kiseki.__version__}"


def test_arguments_win_over_settings_and_these_over_the_environment(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROJECT", "ENTITY", "NAME", "RUN_GROUP"):
        monkeypatch.setenv(f"KISEKI_{name}", f"env-{name.lower()}")
    monkeypatch.setenv("KISEKI_TAGS", "one, two")
    settings = {"name": "set-name", "entity": "set-entity"}
    run = begin(entity="arg-entity", project=None, settings=settings)
    assert (run.project, run.entity, run.name, run.group, run.tags) == (
        "env-project", "arg-entity", "set-name", "env-run_group", ("one", "two"),
    )  # fmt: skip
    assert run.path == f"arg-entity/env-project/{run.id}"
    run.finish()
    run = begin(project="team/digits", settings={})
    assert (run.entity, run.project) == ("team", "digits")


def test_a_settings_object_is_taken(begin: Begin, tmp_path: Path) -> None:
    settings = kiseki.Settings(name="n", silent=True, console="off")
    run = kiseki.init(mode="disabled", settings=settings)
    assert run.name == "n"
    assert run.project == "uncategorized"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mode": "shared"}, SettingError, "mode is 'shared'"),
        ({"id": "../x"}, SettingError, r"the run's id '\.\./x' holds '/'"),
        ({"id": ".."}, SettingError, "1 to 128 characters"),
        ({"id": "x" * 129}, SettingError, "1 to 128 characters"),
        ({"project": "a\nb"}, SettingError, "the project 'a\\\\nb' holds '\\\\n'"),
        ({"entity": "a b/c"}, SettingError, "the entity 'a b/c' holds '/'"),
        ({"project": "a/b", "entity": "c"}, SettingError, "two entities, 'a' and 'c'"),
        ({"project": "a/b/c"}, SettingError, "holds '/'"),
        ({"base_url": "localhost:8080"}, SettingError, "base_url is an address such as"),
        ({"settings": {"sylent": True}}, SettingError, "did you mean 'silent'"),
        ({"tags": [3]}, SettingError, r"tags is \[3\]"),
        ({"config": 3}, SettingError, "a config is a dict"),
        ({"resume": "perhaps", "id": "a"}, SettingError, "resume is 'allow', 'must'"),
        ({"sync_tensorboard": True}, SettingError, "sync_tensorboard=…\\) is not supported"),
        ({"projekt": "x"}, TypeError, "unexpected keyword argument 'projekt'"),
    ],
)
def test_a_wrong_argument_is_named(
    begin: Begin, arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        begin(**arguments)
    assert kiseki.run is None


def test_arguments_of_wandb_without_meaning_here_are_taken(begin: Begin) -> None:
    begin(save_code=True, anonymous="allow", force=False, sync_tensorboard=False)


def test_a_folder_that_cannot_be_made_is_named(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "kiseki-runs").write_text("a file")
    with pytest.raises(UsageError, match="Cannot make the run's folder") as caught:
        begin()
    assert "hint: name a folder that you can write to" in str(caught.value)


def test_what_is_printed(
    begin: Begin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(
        mode="online", id="abc", entity="me", api_key="k", settings={"silent": False},
        base_url="http://127.0.0.1:1",
    )  # fmt: skip
    assert capsys.readouterr().err == (
        f"kiseki: run abc: http://127.0.0.1:1/me/p/runs/abc\nkiseki: journal in {run.dir}\n"
    )
    run.log({"a": 1})
    monkeypatch.setenv("KISEKI_FINISH_TIMEOUT", "0")
    begin(reinit=True, settings={"silent": True})
    assert "run abc: 1 rows logged, 0 on the server so far" in capsys.readouterr().err


def test_without_a_key_init_says_what_to_do(
    begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(mode="online", settings={"silent": False, "finish_timeout": 0})
    assert "nothing is sent before you run: kiseki login" in capsys.readouterr().err


def test_login_takes_a_key_for_this_process() -> None:
    assert not kiseki.login(host="https://elsewhere")
    assert kiseki.login("k", host="https://elsewhere/")
    assert kiseki.login(host="https://elsewhere")
