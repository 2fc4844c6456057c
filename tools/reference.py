"""Writes docs/reference/settings.md and commands.md from what the code says of itself.

python tools/reference.py            writes the pages
python tools/reference.py --check    fails when they are not current
"""

from __future__ import annotations

import argparse
import ast
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiseki import settings as sdk
from kiseki.cli.main import build_parser
from kiseki_server.app.settings import describe

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"


def settings_page() -> str:
    """Settings of both wheels."""
    lines = [
        "# Settings",
        "",
        "## The server",
        "",
        "Options of `kiseki serve` win over the environment, the environment wins over defaults.",
        "",
        "| Option | Environment | Default | |",
        "|---|---|---|---|",
    ]
    for option in describe():
        default = "" if option.default is None else f"`{option.default}`"
        choices = f" One of {', '.join(f'`{c}`' for c in option.choices)}." * bool(option.choices)
        text = _cell(option.help + choices)
        lines.append(f"| `{option.flag}` | `{option.variable}` | {default} | {text} |")
    lines += [
        "",
        "## The SDK",
        "",
        "An argument of `kiseki.init` wins over `init(settings=…)`, that over the environment,",
        "the environment over defaults.",
        "",
        "| Setting | Environment | Default | |",
        "|---|---|---|---|",
    ]
    for name, text in _field_texts(Path(sdk.__file__), "Settings"):
        default = getattr(sdk.Settings(), name)
        shown = "" if default is None else f"`{default}`"
        lines.append(f"| `{name}` | `KISEKI_{name.upper()}` | {shown} | {_cell(text)} |")
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its options."""
    lines = ["# Commands", "", "`kiseki serve` comes with the server's wheel.", ""]
    for path, parser in _commands(build_parser(), "kiseki"):
        usage = "".join(_usage(parser))
        lines += [f"## {path}", "", _cell(parser.description or ""), "", f"    {path}{usage}", ""]
        if path == "kiseki serve":
            lines += ["The options are the server's [settings](settings.md).", ""]
            continue
        rows = [
            f"| `{_name(action)}` | {_cell(action.help or '')} |"
            for action in _arguments(parser)
            if action.help
        ]
        if rows:
            lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def _commands(
    parser: argparse.ArgumentParser, path: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, child in action.choices.items():
                yield from _commands(child, f"{path} {name}")
            return
    yield path, parser


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if "--help" not in action.option_strings]  # noqa: SLF001


def _usage(parser: argparse.ArgumentParser) -> Iterator[str]:
    actions = _arguments(parser)
    if len(actions) > 12:
        yield " [OPTION…]"
        return
    for action in sorted(actions, key=lambda a: bool(a.option_strings)):
        text = _name(action)
        optional = action.nargs in {"?", "*"} or (action.option_strings and not action.required)
        yield f" [{text}]" if optional else f" {text}"


def _name(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else None)
    if not action.option_strings:
        return str(value or action.dest.upper())
    flag = action.option_strings[-1]
    return flag if action.nargs == 0 else f"{flag} {value or action.dest.upper()}"


def _field_texts(source: Path, name: str) -> Iterator[tuple[str, str]]:
    """The fields of a class, each with the text below it."""
    tree = ast.parse(source.read_text())
    body: list[Any] = next(n.body for n in tree.body if getattr(n, "name", None) == name)
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            target, value = field.target, text.value
            assert isinstance(target, ast.Name)
            assert isinstance(value, ast.Constant)
            yield target.id, str(value.value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    pages = {"settings.md": settings_page(), "commands.md": commands_page()}
    stale = [name for name, text in pages.items() if _read(REFERENCE / name) != text]
    if "--check" in sys.argv:
        for name in stale:
            print(f"docs/reference/{name} is not current: run `make gen`", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (REFERENCE / name).write_text(pages[name])
        print(f"wrote docs/reference/{name}")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
