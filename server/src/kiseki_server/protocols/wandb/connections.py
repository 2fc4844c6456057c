"""Pages of lists, in the shape that the client walks through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kiseki_server.kit.errors import BadRequest

PAGE = 50
MAX_PAGE = 1000


def page_size(first: int | None, default: int = PAGE, most: int = MAX_PAGE) -> int:
    """How many items were asked for, brought into bounds.

    Raises:
        BadRequest: The number is negative.
    """
    if first is None:
        return default
    if first < 0:
        raise BadRequest(f"A page has at least 0 items, not {first}")
    return min(max(first, 1), most)


def connection(
    nodes: Sequence[Any], cursor: str | None, total: int | None = None, **more: Any
) -> dict[str, Any]:
    """One page; ``cursor`` opens the next, ``None`` at the end.

    Some lists of the client go on from the last edge's cursor, others from the page's.
    """
    last = len(nodes) - 1
    return {
        "edges": [
            {"cursor": (cursor or "") if index == last else "", "node": node}
            for index, node in enumerate(nodes)
        ],
        "pageInfo": {"endCursor": cursor, "hasNextPage": cursor is not None},
        "totalCount": len(nodes) if total is None else total,
        **more,
    }
