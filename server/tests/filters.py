"""Random runs and filters."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from kiseki_server.domain.filters.tree import (
    And,
    Compare,
    Contains,
    Exists,
    Field,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Sized,
    SortKey,
)
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.kit.ids import ProjectId, RunId, UserId

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "x.y",
    "0.5",
    "true",
    "2026-01-31",
    "日本",
    "it's",
    'q"\\',
    "{a:String}",
]
NUMBERS = [0, 1, -1, 0.5, 1e-9, 3.0e300, 2**53 + 1, 10**30, math.inf, -math.inf, math.nan]
KEYS = ["lr", "model", "a b", "x.y", "Z", "é", "depth", "train/loss", "0", ""]

scalars = st.one_of(st.none(), st.booleans(), st.sampled_from(TEXTS), st.sampled_from(NUMBERS))
leaves = st.one_of(
    scalars,
    st.lists(st.one_of(scalars, st.just([1]), st.just({"a": 1})), max_size=3),
)
documents = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(leaves, st.dictionaries(st.sampled_from(KEYS), leaves, max_size=3)),
    max_size=4,
)
moments = st.integers(0, 5).map(lambda n: NOON + timedelta(seconds=n / 2))
texts = st.one_of(st.none(), st.sampled_from(TEXTS))

document_paths = st.tuples(
    st.sampled_from(["config", "summary"]),
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=2).map(tuple),
).map(lambda pair: (pair[0], *pair[1]))
TIMES = ["created_at", "updated_at", "heartbeat_at", "finished_at"]
ATTRIBUTES = ["name", "display_name", "state", "group", "notes", "host", "user", "job_type"]
plain_paths = st.one_of(
    document_paths,
    document_paths,
    st.sampled_from([(name,) for name in [*ATTRIBUTES, "tags", "duration"]]),
)
time_paths = st.sampled_from([(name,) for name in TIMES])
time_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 5).map(lambda n: (NOON + timedelta(seconds=n / 2)).isoformat()),
    st.sampled_from(["2026-01-31", "2026-01-31T12:00:01Z", 0, -1.5, NOON.timestamp() + 0.5]),
)
plain_fields, time_fields = plain_paths.map(Field), time_paths.map(Field)
fields = st.one_of(plain_fields, plain_fields, time_fields)
operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])

conditions: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Compare, plain_fields, operators, scalars),
    st.builds(Compare, plain_fields, operators, scalars),
    st.builds(Compare, time_fields, operators, time_values),
    st.builds(In, plain_fields, st.lists(scalars, max_size=3).map(tuple)),
    st.builds(In, time_fields, st.lists(time_values, max_size=3).map(tuple)),
    st.builds(Contains, fields, st.sampled_from(TEXTS)),
    st.builds(Matches, fields, st.sampled_from(["", "a", "^a", "b$", "[0-9]", "(?i)A", "本"])),
    st.builds(Exists, fields),
    st.builds(Sized, fields, st.integers(0, 3)),
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Filter:
    """A filter of some levels."""
    shape = draw(st.integers(0, 5)) if depth else 0
    if shape < 3:
        return draw(conditions)
    if shape == 3:
        return Not(draw(trees(depth=depth - 1)))
    count = draw(st.sampled_from([2, 2, 3, 0]))
    items = tuple(draw(trees(depth=depth - 1)) for _ in range(count))
    return And(items) if shape == 4 else Or(items)


filters = trees()
sort_keys = st.lists(st.builds(SortKey, fields, st.booleans()), max_size=3)


def make_run(number: int, project: int, **fields: Any) -> Run:
    """A run with plain fields, but for those given."""
    values: dict[str, Any] = {
        "id": RunId(number),
        "project": ProjectId(project),
        "name": f"run{number}",
        "display_name": "",
        "state": RunState.RUNNING,
        "state_reason": None,
        "exit_code": None,
        "group": None,
        "job_type": None,
        "tags": (),
        "notes": None,
        "user": UserId(1),
        "user_name": "ann",
        "host": None,
        "config": {},
        "summary": {},
        "metrics": (),
        "environment": {},
        "client": {},
        "created_at": NOON,
        "updated_at": NOON,
        "started_at": NOON,
        "heartbeat_at": None,
        "finished_at": None,
        "stop_requested": False,
    }
    return Run(**(values | fields))


run_fields = st.fixed_dictionaries(
    {
        "display_name": st.sampled_from(TEXTS),
        "state": st.sampled_from(RunState),
        "group": texts,
        "job_type": texts,
        "notes": texts,
        "host": texts,
        "tags": st.lists(st.sampled_from(TEXTS), max_size=3).map(tuple),
        "config": documents,
        "summary": documents,
        "created_at": moments,
        "updated_at": moments,
        "started_at": moments,
        "heartbeat_at": st.one_of(st.none(), moments),
        "finished_at": st.one_of(st.none(), moments),
        "deleted_at": st.one_of(st.none(), st.none(), moments),
    }
)
