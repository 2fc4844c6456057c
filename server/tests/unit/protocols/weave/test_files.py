"""Files over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from server.tests.unit.protocols.weave.conftest import PROJECT, Dialect

from kiseki_server.domain.objects.digests import bytes_digest

CODE = b"import weave\n\n@weave.op\ndef add(a, b): return a + b\n"


def upload(dialect: Dialect, content: bytes, path: str = "/file/create", **form: str) -> Any:
    return dialect.http.post(
        f"/traces{path}",
        data={"project_id": PROJECT, **form},
        files={"file": ("obj.py", content, "anything/at-all")},
    )


def content(dialect: Dialect, digest: str, project: str = PROJECT) -> Any:
    return dialect.post("/file/content", {"project_id": project, "digest": digest})


def test_files_come_back(each: Dialect) -> None:
    for data in (CODE, b"", bytes(range(256)) * 20_000):
        for _ in range(2):
            answer = upload(each, data)
            assert answer.json() == {"digest": bytes_digest(data)}, answer.text
        assert content(each, bytes_digest(data)).content == data
    answer = upload(each, CODE, "/files/create", expected_digest=bytes_digest(CODE))
    assert answer.status_code == 200
    size = len(CODE) + 256 * 20_000
    assert each.ok("/files/query_stats", {"project_id": PROJECT}) == {"total_size_bytes": size}


def test_a_digest_opens_nothing_of_another_project(each: Dialect) -> None:
    upload(each, CODE)
    upload(each, b"other", project_id="admin/other")
    assert content(each, bytes_digest(CODE), "admin/other").status_code == 404
    assert content(each, "none").status_code == 404


def test_the_project_may_come_behind_the_file(dialect: Dialect) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhi\r\n'
        b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n'
        b'--x\r\nContent-Disposition: form-data; name="project_id"\r\n\r\nadmin/p\r\n--x--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert dialect.post("/file/create", body, headers=headers).json() == {
        "digest": bytes_digest(b"hi")
    }


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"", "multipart/form-data", 400),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhi',
            "multipart/form-data; boundary=x",
            400,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhi\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="project_id"\r\n\r\n'
            + b"p" * 2000
            + b"\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            400,
        ),
    ],
)
def test_what_is_no_form_with_a_file(dialect: Dialect, body: bytes, kind: str, status: int) -> None:
    assert dialect.refused("/file/create", body, status, headers={"Content-Type": kind})


def test_a_digest_that_does_not_match_stores_nothing(dialect: Dialect) -> None:
    answer = upload(dialect, CODE, expected_digest="x" * 43)
    assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")
    assert content(dialect, bytes_digest(CODE)).status_code == 404
