"""Accessibility of a page as axe sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SOURCE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
# Colours are judged once nothing fades in any more; what pulses for ever is not waited for.
AT_REST = """Promise.all(document.getAnimations()
    .filter(animation => animation.effect.getComputedTiming().endTime !== Infinity)
    .map(animation => animation.finished.catch(() => {})))"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def problems(page: Page, *, colours_alone: bool = False) -> list[str]:
    """What hinders somebody on the page, by the rules of WCAG 2.1 AA.

    Args:
        colours_alone: Ask what another theme can change and nothing else.
    """
    if not SOURCE.exists():
        pytest.skip("axe-core is not installed: make ui")
    page.evaluate(SOURCE.read_text())
    page.evaluate(AT_REST)
    asked = (
        {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
        if colours_alone
        else {"type": "tag", "values": RULES}
    )
    found: dict[str, Any] = page.evaluate("runOnly => axe.run({runOnly})", asked)
    return [
        f"{violation['id']}: {node['html'][:160]} – {node['failureSummary'][:300]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
