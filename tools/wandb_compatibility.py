"""Write `docs/reference/wandb-compatibility.md`: what the wandb client may ask, and what it gets.

    python tools/wandb_compatibility.py

It reads the clients that the tests have installed. An operation is *refused* when it asks for a
field that is refused, *empty* when it asks for fields that are truthfully empty, and *served*
otherwise.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)
from wandb_operations import Operation, operations

from kiseki_server.domain.filters.regex import MAX_LENGTH
from kiseki_server.domain.filters.rules import MAX_DEPTH, MAX_NODES
from kiseki_server.protocols.wandb import documents, json_lines
from kiseki_server.protocols.wandb.executable import load_schema
from kiseki_server.protocols.wandb.graphql import BODY_LIMIT
from kiseki_server.protocols.wandb.not_supported import EMPTY, REFUSED
from kiseki_server.protocols.wandb.server_info import CLIENTS, FEATURES

ROOT = Path(__file__).resolve().parent.parent

_BESIDE = {"Project.views", "Run.sweepName"}
"""Empty fields that no operation is about."""

DOCUMENT = ROOT / "docs" / "reference" / "wandb-compatibility.md"

HEAD = """# What the `wandb` client may ask

<!-- Written by tools/wandb_compatibility.py; a test compares the two. -->

The clients {versions} run unmodified against Kiseki. Their GraphQL
operations, {count} in all, are valid for the schema that stands in
`server/src/kiseki_server/protocols/wandb/schema.graphql` (introspection is on). What Kiseki does
not have yet is said in one sentence, at once: the client neither waits nor tries again, and a run
goes on without it.

- **served**: answered in full, but for fields that are named.
- **empty**: answered, and truthfully empty in the fields that are named.
- **refused**: answered with an error that names the feature. A mutation gets HTTP 400, a query
  200 with whatever else it asked for.
- **–**: this version of the client has no such operation.

## While a run runs

| feature of `file_stream` | |
| --- | --- |
| history rows by line number; repeats and overlaps stored once | served |
| nested objects, joined by dots; text, lists, null and typed objects as JSON | served |
| NaN and the infinities; integers beyond 2⁵³, exact | served |
| rows of any step order; without a step, in the order of their arrival | served |
| samples of the machine (`wandb-events.jsonl`), without the prefix `system.` | served |
| summary, replaced as a whole; statistics that metrics ask for, over all parts of a run | served |
| output, plain and structured, rewritten by line number | served |
| several processes in one run (shared mode) | served |
| heartbeat, `complete`, `exitcode`, `preempting`; `stopped` in the answer | served |
| gzip; bodies up to 24 MiB, 64 MiB unpacked | served |
| files by signed address: upload, download with `Range` | served |
| history of a finished run as Parquet files, to be downloaded | served |
| resume (`allow`, `must`, `never`, `auto`), offline runs and `wandb sync` | served |
| fork (`fork_from`) and rewind (`resume_from`), by `_step` | served |
| protobuf bodies, which no released client sends | refused (415) |

The client 0.25.1 begins the output of a resumed run at line 0 again, and so replaces lines of
the run's earlier part.

## Flags of the server

Announced, because they are honoured: {features}. All others are off.

## Filters and orders of runs

`$and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $all $size $exists $regex $contains` over
the run's own fields, `config.<key>` (with or without `.value`) and `summary_metrics.<key>`; orders
by one of them with `+` or `-`. Of `keys_info.keys.<key>` one can ask whether the key was logged.
No run is in a sweep: filters by `sweep` find none.

## Histories as files

`run.download_history_exports` fetches the history of a finished run as Parquet files, and
`run.scan_history` reads such files where every row has all keys, and pages otherwise, so that it
finds exactly the rows that have the keys asked for. Both ask the server the same question, a scan
right after it has asked for the keys of the history, as `run.lastHistoryStep` does. A download
within ten seconds of `run.lastHistoryStep` may therefore be told that the history is not complete
(`IncompleteRunHistoryError`): ask once more. The client keeps files and never asks whether they
have changed: scans of a run that was rewound always read pages.

## Limits

| | at most |
| --- | --- |
| body of a GraphQL request | {body} MiB |
| document | {length} KiB, {tokens} tokens, {depth} levels, {aliases} aliases, {fields} fields |
| values that an answer may have to hold, by the sizes of its pages | {cost} |
| JSON in variables and rows | {json} levels are always read |
| filter | {filter_depth} levels, {conditions} conditions |
| regular expression (RE2) | {regex} characters |

What is beyond a limit is refused at once, with the limit in the message.

## Operations

"""


def main() -> None:
    folders = [ROOT / ".clients" / f"wandb-{version}" for version in CLIENTS]
    if missing := [folder.name for folder in folders if not folder.is_dir()]:
        sys.exit(
            f"The clients {', '.join(missing)} are not installed\n\n"
            "hint: pytest tests/clients/wandb/test_operations.py installs them"
        )
    text = render({folder.name: operations(folder) for folder in folders})
    DOCUMENT.write_text(text, encoding="utf-8")


def render(clients: dict[str, list[Operation]]) -> str:
    """The document for clients by the names of their environments (`wandb-<version>`)."""
    schema = load_schema()
    versions = [client.removeprefix("wandb-") for client in clients]
    asked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for version, found in zip(versions, clients.values(), strict=True):
        for operation in found:
            asked[operation.name][version] |= fields(schema, parse(operation.document))
    lines = [
        f"| operation | {' | '.join(versions)} | refused or empty |",
        "| --- " * (len(versions) + 2) + "|",
    ]
    for name in sorted(asked, key=str.lower):
        cells = [standing(asked[name][v])[0] if v in asked[name] else "–" for v in versions]
        named = {field for of in asked[name].values() for field in standing(of)[1]}
        lines.append(f"| {_code(name)} | {' | '.join(cells)} | {_codes(sorted(named))} |")
    listed = f"{', '.join(versions[:-1])} and {versions[-1]}"
    text = HEAD.format(
        versions=listed,
        count=len(asked),
        features=_codes(FEATURES),
        body=BODY_LIMIT >> 20,
        length=documents.MAX_LENGTH >> 10,
        tokens=documents.MAX_TOKENS,
        depth=documents.MAX_DEPTH,
        aliases=documents.MAX_ALIASES,
        fields=documents.MAX_FIELDS,
        cost=documents.MAX_COST,
        json=json_lines.DEPTH,
        filter_depth=MAX_DEPTH,
        conditions=MAX_NODES,
        regex=MAX_LENGTH,
    )
    table = "\n".join(lines).replace("  ", " ")
    return "\n".join([text.rstrip("\n"), "", table, "", *lists()])


def fields(schema: GraphQLSchema, document: DocumentNode) -> set[str]:
    """Every field that a document asks for, as `Type.field`."""
    info = TypeInfo(schema)
    found: set[str] = set()

    class Collect(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent = info.get_parent_type()
            if parent is not None:
                found.add(f"{get_named_type(parent).name}.{node.name.value}")

    visit(document, TypeInfoVisitor(info, Collect()))
    return found


def standing(asked: set[str]) -> tuple[str, list[str]]:
    """What becomes of an operation, and the fields that decide it."""
    if refused := sorted(asked & REFUSED.keys()):
        return "refused", refused
    empty = sorted(asked & EMPTY)
    return ("empty" if asked & EMPTY - _BESIDE else "served"), empty


def lists() -> list[str]:
    """The document's last part: every field that is not served."""
    by_sentence: dict[str, list[str]] = defaultdict(list)
    for field, sentence in REFUSED.items():
        by_sentence[sentence].append(field)
    lines = ["## Refused fields", ""]
    for sentence, refused in by_sentence.items():
        lines += [f"- {sentence}: {_codes(sorted(refused))}"]
    return [*lines, "", "## Empty fields", "", f"{_codes(sorted(EMPTY))}", ""]


def _code(text: str) -> str:
    return f"`{text}`" if text else "(without a name)"


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


if __name__ == "__main__":
    main()
