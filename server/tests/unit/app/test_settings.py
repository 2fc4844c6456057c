"""Settings come from options, the environment and defaults, and are all explained."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import pytest

from kiseki_server.app.settings import Settings, describe
from kiseki_server.cli import serve
from kiseki_server.kit.errors import BadRequest


def test_defaults_serve_this_machine_alone() -> None:
    settings = Settings.load({}, {})
    assert (settings.host, settings.port, settings.loopback) == ("127.0.0.1", 8080, True)
    assert settings.data_dir == Path.home() / ".kiseki"
    assert settings.database_url is settings.clickhouse_url is settings.blob_url is None


def test_options_win_over_the_environment() -> None:
    environment = {"KISEKI_PORT": "1", "KISEKI_HOST": "0.0.0.0", "KISEKI_DATA_DIR": "here"}
    settings = Settings.load({"port": "2", "host": None}, environment)
    assert (settings.port, settings.host, settings.loopback) == (2, "0.0.0.0", False)
    assert settings.data_dir == Path.cwd() / "here"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("KISEKI_PORT", "many", "KISEKI_PORT must be a whole number, not `many`"),
        ("KISEKI_PORT", "65536", "KISEKI_PORT must lie between 0 and 65535, not 65536"),
        ("KISEKI_THREADS", "0", "KISEKI_THREADS must lie between 1 and"),
        ("KISEKI_DURABILITY", "none", "KISEKI_DURABILITY must be one of process, power, not"),
        ("KISEKI_LOG_LEVEL", "loud", "KISEKI_LOG_LEVEL must be one of debug, info"),
    ],
)
def test_a_bad_value_is_named_with_its_setting(variable: str, value: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        Settings.load({}, {variable: value})


def test_an_empty_variable_is_not_set() -> None:
    assert Settings.load({}, {"KISEKI_PORT": ""}).port == 8080


def test_the_help_explains_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    serve.register(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["serve", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option in describe():
        assert option.help.endswith(".")
        assert option.flag in text
        assert option.variable in text
        assert option.help.split(",")[0].split(";")[0] in text
    assert len(list(describe())) == len(fields(Settings))
