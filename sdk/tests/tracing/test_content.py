"""Which form values have, what is taken out of them, and what is kept of code."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdk.tests.tracing.conftest import Traces

import kiseki
from kiseki.tracing import sink
from kiseki.tracing.code import code_of
from kiseki.tracing.digests import bytes_digest, value_digest
from kiseki.tracing.values import to_json
from kiseki.wire.traced import CallEnd, CallStart, Content, Object


@dataclasses.dataclass
class Point:
    x: float
    name: str = "p"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Array:
    shape = (2, 2)
    dtype = "int8"

    def tolist(self) -> list[list[int]]:
        return [[1, 2], [3, 4]]


def cycle() -> list[Any]:
    known: list[Any] = [1]
    known.append(known)
    return known


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, 2.5, None, True, "富"]}, {"a": [1, 2.5, None, True, "富"]}),
        ((1, {2}), [1, [2]]),
        (2**80, 2**80),
        ({(1, 2): 3, 4: 5, None: 6}, {"(1, 2)": 3, "4": 5, "None": 6}),
        (Point(1.5), {"x": 1.5, "name": "p"}),
        (Array(), [[1, 2], [3, 4]]),
        ("half \ud83d", "half ?"),
        (ValueError("no"), "ValueError('no')"),
        (dict, "builtins.dict"),
        (print, "builtins.print"),
    ],
)
def test_values_are_json(value: Any, expected: Any) -> None:
    assert json.loads(to_json(value)) == expected


def test_values_that_json_has_no_word_for() -> None:
    assert to_json({"a": [None, float("nan")], "b": float("-inf")}) == (
        b'{"a":[null,NaN],"b":-Infinity}'
    )
    assert b"Broken object" in to_json(Broken())
    assert len(to_json(cycle())) < 1000
    assert b"too many" in to_json("x" * (17 << 20))
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    json.loads(to_json(deep))


@kiseki.op
def use(**inputs: Any) -> Any:
    return inputs


SECRETS = {"api_key": "k1", "deep": [{"Authorization": "k2", "accessToken": "k3"}], "tokens": 7}


def test_secrets_are_taken_out_before_the_journal(
    begin: Callable[..., Traces], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "_redacted_keys", [])
    monkeypatch.setattr(sink, "_redactions", [])
    kiseki.redact("birthday", function=lambda value: _without_digits(value))
    traces = begin(redact_keys=["Maiden-Name"])
    result = use(**SECRETS, birthday="1.1.", maidenName="X", text="call 555")
    assert result["api_key"] == "k1"
    (start,), (end,) = traces.of(CallStart), traces.of(CallEnd)
    expected = {
        "api_key": "REDACTED", "deep": [{"Authorization": "REDACTED", "accessToken": "REDACTED"}],
        "tokens": 7, "birthday": "REDACTED", "maidenName": "REDACTED", "text": "call ###",
    }  # fmt: skip
    assert json.loads(start.inputs) == expected
    assert json.loads(end.output) == expected
    journal = b"".join(f.read_bytes() for f in (Path(traces.run.dir) / "journal").iterdir())
    assert not any(secret in journal for secret in (b"k1", b"k2", b"k3", b"555"))


def _without_digits(value: Any) -> Any:
    return json.loads(json.dumps(value).replace("555", "###"))


def test_a_failing_redaction_keeps_nothing(
    begin: Callable[..., Traces], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "_redactions", [lambda value: 1 // 0])
    traces = begin()
    assert use(a="private") == {"a": "private"}
    assert b"private" not in traces.of(CallStart)[0].inputs + traces.of(CallEnd)[0].output


def test_content_can_be_left_out(begin: Callable[..., Traces]) -> None:
    traces = begin(trace_content=False, trace_code=False)

    @kiseki.op
    def fail(text: str) -> None:
        raise ValueError(text)

    fail.call("private")
    use(a="private")
    assert [c["op"] for c in traces.calls()] == ["fail", "use"]
    for record in traces.records():
        assert b"private" not in msgspec.msgpack.encode(record)


SETTING = {"temperature": 0.5}
OPENAI_API_KEY = "sk-secret"


def helper(x: int) -> int:
    return x + len(SETTING) + len(OPENAI_API_KEY)


def test_code_brings_what_it_uses(traces: Traces) -> None:
    factor = 3

    @kiseki.op
    def work(x: int) -> str:
        return json.dumps(helper(x) * factor)

    work(1)
    work(2)
    (content,), (op,) = traces.of(Content), traces.of(Object)
    text = content.data.decode()
    for part in (
        "import json",
        "SETTING = {'temperature': 0.5}",
        "factor = 3",
        "def helper(x: int) -> int:",
        "def work(x: int) -> str:",
        "OPENAI_API_KEY = ...  # REDACTED",
    ):
        assert part in text
    assert "sk-secret" not in text
    value = {
        "_type": "CustomWeaveType",
        "weave_type": {"type": "Op"},
        "files": {"obj.py": bytes_digest(content.data)},
    }
    assert (op.name, op.digest, json.loads(op.value)) == ("work", value_digest(value), value)
    assert traces.of(CallStart)[0].op == f"kiseki:///op/work:{op.digest}"


def test_code_without_source_is_told_apart_by_what_it_does() -> None:
    space: dict[str, Any] = {}
    exec("def one(x): return x + 1\ndef two(x): return x + 2", space)
    texts = [code_of(space[name], lambda _: False) for name in ("one", "two")]
    assert "source is not available" in texts[0]
    assert texts[0].replace("one", "two") != texts[1]
