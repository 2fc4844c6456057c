"""Which programs of foreign clients run with every test, and which by `make test-clients` alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
THOROUGH = [
    "otlp/test_programs.py",
    "sdk/test_models.py",
    "wandb/test_admin.py",
    "wandb/test_answers.py",
    "wandb/test_api_walk.py",
    "wandb/test_branches.py",
    "wandb/test_commands.py",
    "wandb/test_examples.py",
    "wandb/test_exports.py",
    "wandb/test_faults.py",
    "wandb/test_filters.py",
    "wandb/test_not_supported.py",
    "wandb/test_operations.py",
    "wandb/test_versions.py",
]
"""They take long, or need environments of several versions."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("KISEKI_TEST_CLIENTS") == "1":
        return
    slow = {FOLDER / path for path in THOROUGH}
    for item in items:
        if item.path in slow:
            item.add_marker(pytest.mark.skip(reason="runs by make test-clients"))
