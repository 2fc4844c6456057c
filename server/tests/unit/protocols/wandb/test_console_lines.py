from kiseki_server.domain.console.types import Line
from kiseki_server.protocols.wandb.console_lines import parse

NOW = 1_700_000_000_000_000
TIME = 1_795_390_730_931_052  # 2026-11-22T23:38:50.931052Z


def one(line: str, *, labelled: bool = False) -> Line:
    return parse("wandb", 5, [line], now=NOW, labelled=labelled)[0]


def test_structured_lines_say_everything() -> None:
    line = (
        '{"level":"error","ts":"2026-11-22T23:38:50.931052",'
        '"label":"rank1","content":"Traceback …"}'
    )
    assert one(line) == Line("wandb", 5, TIME, "error", "Traceback …", "rank1")
    assert one('{"ts":"2026-11-22T23:38:50.931052","content":"a"}') == Line(
        "wandb", 5, TIME, "info", "a"
    )


def test_plain_lines_begin_with_level_and_time() -> None:
    assert one("2026-11-22T23:38:50.931052 hello  console") == Line(
        "wandb", 5, TIME, "info", "hello  console"
    )
    assert one("ERROR 2026-11-22T23:38:50.931052 bad") == Line("wandb", 5, TIME, "error", "bad")


def test_brackets_are_a_label_only_where_several_processes_write() -> None:
    line = "2026-11-22T23:38:50.931052 [rank 1] step"
    assert one(line) == Line("wandb", 5, TIME, "info", "[rank 1] step")
    assert one(line, labelled=True) == Line("wandb", 5, TIME, "info", "step", "rank 1")


def test_whatever_else_it_is_it_is_text() -> None:
    for text in ("", "plain", '{"a": 1}', '{"content": 1}', "{broken}", "2026-13-99T00:00:00 x"):
        assert one(text).text in (text, "x")
        assert one(text).time == NOW


def test_numbers_go_on_from_the_offset() -> None:
    assert [line.number for line in parse("w", 3, ["a", "b"], now=NOW)] == [3, 4]
