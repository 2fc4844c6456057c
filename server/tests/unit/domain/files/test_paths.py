import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.files.paths import check_path
from kiseki_server.kit.errors import BadRequest


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("output.log", "output.log"),
        ("media/images/x y.png", "media/images/x y.png"),
        ("./a//b/./c", "a/b/c"),
        ("図/損失.png", "図/損失.png"),
        ("a/..b/c..", "a/..b/c.."),
        ("code/aux.py", "code/aux.py"),
    ],
)
def test_paths_have_one_form(path: str, expected: str) -> None:
    assert check_path(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a/..",
        "folder/",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\u2028b",
        "a\ud800b",
        "nul",
        "x/COM1",
        "x" * 1025,
        "あ" * 342,
    ],
)
def test_tricks_are_refused_with_the_path_and_a_reason(path: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_path(path)
    assert "file" in refused.value.message
    assert len(refused.value.message) < 200


@given(st.text(max_size=60))
def test_a_checked_path_stays_below_its_folder(path: str) -> None:
    try:
        checked = check_path(path)
    except BadRequest:
        return
    assert check_path(checked) == checked
    assert not checked.startswith("/")
    assert not {"", ".", ".."} & set(checked.split("/"))
