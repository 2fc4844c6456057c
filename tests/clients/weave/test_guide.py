"""The guide's examples run with the real client, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.clients.weave.conftest import Client

pytestmark = pytest.mark.clients

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "guides"


@pytest.mark.parametrize("page", ["trace-calls.md", "trace-calls.ja.md"])
def test_the_examples_run(client: Client, page: str) -> None:
    examples = re.findall(r"```python\n(.*?)```", (GUIDES / page).read_text(), flags=re.DOTALL)
    assert len(examples) == 2
    first = client.run(examples[0])
    assert "/r/call/" in first.output
    client.run(examples[1])


@pytest.mark.parametrize("page", ["evaluate.md", "evaluate.ja.md"])
def test_the_examples_of_evaluations_run(client: Client, page: str) -> None:
    examples = re.findall(r"```python\n(.*?)```", (GUIDES / page).read_text(), flags=re.DOTALL)
    assert len(examples) == 2
    client.run("\n".join(examples))
