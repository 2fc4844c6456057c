"""The documentation says what is there: paths exist, links lead somewhere, examples run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.processes import BIN, Program, ServerProcess

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    if "node_modules" not in page.parts
)
GUIDES = sorted(ROOT.glob("docs/guides/*.md"))


def test_every_path_of_the_architecture_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    paths = re.findall(r"`((?:sdk|server|web|schemas|tools|tests|benchmarks|docs)/[^`\s]+)`", text)
    assert len(paths) > 25
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_page_of_a_guide_exists_in_both_languages(page: Path) -> None:
    stem = page.name.removesuffix(".md").removesuffix(".ja")
    assert (page.parent / f"{stem}.md").exists()
    assert (page.parent / f"{stem}.ja.md").exists()


@pytest.mark.parametrize(
    "page", [*GUIDES, ROOT / "README.md", ROOT / "README.ja.md"], ids=lambda page: page.name
)
def test_python_examples_run(page: Path, server_process: ServerProcess, tmp_path: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
    for number, example in enumerate(examples):
        if "import wandb\n" in example or "import weave\n" in example:
            continue  # run with the clients: test_examples.py and test_guide.py in tests/clients
        if not example.lstrip().startswith(("import", "from")):
            example = "import kiseki\n" + example
        program = Program(
            example, environment=server_process.client_environment, directory=tmp_path
        )
        assert program.wait() == 0, f"example {number}:\n{program.output}"


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    output = subprocess.run(
        [BIN / "kiseki", "serve", "--help"], capture_output=True, text=True, check=True
    ).stdout
    names = set(re.findall(r"KISEKI_[A-Z_]+", output))
    assert {"KISEKI_HOST", "KISEKI_PORT", "KISEKI_DATA_DIR"} <= names
    assert sorted(name for name in names if f"`{name}`" not in page) == []


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    output = subprocess.run(
        [BIN / "kiseki", "--help"], capture_output=True, text=True, check=True
    ).stdout
    listed = re.search(r"\{([a-z,-]+)\}", output)
    assert listed is not None, output
    commands = listed.group(1).split(",")
    assert {"serve", "sync", "admin", "login"} <= set(commands)
    assert [command for command in commands if f"kiseki {command}" not in page] == []
