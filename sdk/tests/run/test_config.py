"""The config: what it takes, and that values are not changed by accident."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kiseki.errors import ConfigChangedError, SettingError
from kiseki.run.config import Config
from kiseki.run.config_source import read_config, select
from kiseki.wire import records

from .conftest import Begin, records_of


class Written(list[tuple[dict[str, Any], list[str]]]):
    def __call__(self, values: dict[str, Any], removed: list[str]) -> None:
        self.append((values, removed))


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def config(written: Written) -> Config:
    return Config(written)


def test_values_by_item_and_by_attribute(config: Config, written: Written) -> None:
    config.lr = 0.1
    config["layers"] = (64, 32)
    config.update({"a": 1}, b=2)
    assert config.lr == config["lr"] == 0.1
    assert config.as_dict() == {"lr": 0.1, "layers": [64, 32], "a": 1, "b": 2}
    assert ("lr" in config, len(config), config.get("nothing", 5)) == (True, 4, 5)
    assert {**config} == config.as_dict()
    assert written == [({"lr": 0.1}, []), ({"layers": [64, 32]}, []), ({"a": 1, "b": 2}, [])]
    with pytest.raises(AttributeError, match="no 'nothing'"):
        _ = config.nothing
    with pytest.raises(KeyError):
        _ = config["nothing"]


def test_another_value_needs_to_be_asked_for(config: Config, written: Written) -> None:
    config.update({"lr": 0.1, "nan": float("nan")})
    config.update({"lr": 0.1, "nan": float("nan")})
    with pytest.raises(ConfigChangedError, match=r"config\.lr is 0\.1 and would become 0\.2"):
        config.update({"new": 1, "lr": 0.2})
    with pytest.raises(ConfigChangedError):
        config.lr = 0.3
    assert "new" not in config
    config.update({"lr": 0.2}, allow_val_change=True)
    assert config.lr == 0.2
    assert [values for values, _ in written[1:]] == [{"lr": 0.2}]
    allowing = Config(written, allow_val_change=True)
    allowing.lr = 1
    allowing.lr = 2
    assert allowing.lr == 2


def test_nested_parts_are_written_through(config: Config, written: Written) -> None:
    config.update({"model": {"dim": 8, "blocks": [{"kind": "a"}]}})
    assert config.model.dim == 8
    config.model.dim = 16
    config.model.blocks[0].kind = "b"
    config["model"].update(heads=4)
    del config.model.heads
    assert written[-1] == ({"model": {"dim": 16, "blocks": [{"kind": "b"}]}}, [])
    assert config.as_dict() == {"model": {"dim": 16, "blocks": [{"kind": "b"}]}}
    assert json.loads(json.dumps(config.model)) == config.as_dict()["model"]
    with pytest.raises(AttributeError, match="no 'nothing' here"):
        _ = config.model.nothing


def test_a_key_can_be_removed(config: Config, written: Written) -> None:
    config.a = 1
    del config.a
    config.b = 1
    del config["b"]
    assert [removed for _, removed in written] == [[], ["a"], [], ["b"]]
    with pytest.raises(AttributeError):
        del config.a


def test_defaults_leave_what_is_there(config: Config) -> None:
    config.a = 1
    config.setdefaults({"a": 2, "b": 3})
    assert config.setdefault("b", 4) == 3
    assert config.as_dict() == {"a": 1, "b": 3}


@dataclass
class Options:
    lr: float = 0.1
    name: str = "x"


@pytest.mark.parametrize(
    "source",
    [
        {"lr": 0.1, "name": "x"},
        argparse.Namespace(lr=0.1, name="x"),
        Options(),
        [("lr", 0.1), ("name", "x")],
    ],
)
def test_what_a_config_is_made_of(source: Any) -> None:
    assert read_config(source) == {"lr": 0.1, "name": "x"}


def test_configs_from_files(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"lr": 0.1}')
    assert read_config(str(tmp_path / "c.json")) == {"lr": 0.1}
    pytest.importorskip("yaml")
    (tmp_path / "c.yaml").write_text("lr: 0.1\nwrapped:\n  desc: of W&B\n  value: [1, 2]\n")
    assert read_config(tmp_path / "c.yaml") == {"lr": 0.1, "wrapped": [1, 2]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("missing.yaml", None, "cannot be read: No such file"),
        ("c.json", "{", "is no JSON"),
        ("c.json", "[1]", "is no mapping"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SettingError, match=message):
        read_config(str(tmp_path / name))


@pytest.mark.parametrize("source", [3, [1, 2], Options])
def test_what_is_no_config_is_refused(source: Any) -> None:
    with pytest.raises(SettingError, match="a config is a dict"):
        read_config(source)


def test_a_part_of_the_config_is_kept() -> None:
    config = {"a": 1, "b": 2, "c": 3}
    assert select(config, ["a", "x"], None) == {"a": 1}
    assert select(config, None, ["a"]) == {"b": 2, "c": 3}
    with pytest.raises(SettingError, match="not both"):
        select(config, ["a"], ["b"])


def test_the_config_of_a_run_is_in_its_journal(begin: Begin) -> None:
    run = begin(config={"lr": 0.1, "secret": 1}, config_exclude_keys=["secret"])
    run.config.update({"lr": 0.2}, allow_val_change=True)
    del run.config["lr"]
    assert [r for r in records_of(run) if isinstance(r, records.Config)] == [
        records.Config({"lr": 0.1}),
        records.Config({"lr": 0.2}),
        records.Config({}, ["lr"]),
    ]
