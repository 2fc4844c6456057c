"""Datasets, ops with their code and media, with the real client."""

from __future__ import annotations

import pytest
from tests.clients.weave.conftest import Client

pytestmark = pytest.mark.clients


def test_datasets_come_back_row_by_row(client: Client) -> None:
    client.run(
        """
        client = weave.init("admin/weave-datasets")
        rows = [{"i": i, "x": float(i), "text": "é" * i} for i in range(230)]
        dataset = weave.Dataset(name="numbers", rows=rows)
        ref = weave.publish(dataset)
        again = weave.publish(weave.Dataset(name="numbers", rows=rows))
        assert again.digest == ref.digest
        got = weave.ref(ref.uri).get()
        assert len(got.rows) == 230
        assert [dict(row) for row in got.rows] == rows
        assert got.rows[7]["x"] == 7.0 and isinstance(got.rows[7]["x"], float)
        row = got.rows[3]
        assert weave.ref(row.ref.uri).get()["i"] == 3, row.ref.uri
        more = got.add_rows([{"i": -1, "x": 0.5, "text": ""}])
        newer = weave.publish(more)
        assert newer.digest != ref.digest
        assert [row["i"] for row in newer.get().rows][-2:] == [229, -1]
        """
    )


def test_large_tables_are_sent_in_pieces(client: Client) -> None:
    client.run(
        """
        weave.init("admin/weave-large")
        rows = [{"i": i} for i in range(2500)]
        got = weave.publish(weave.Dataset(name="many", rows=rows)).get()
        assert [row["i"] for row in got.rows] == list(range(2500))
        """
    )


def test_ops_come_back_with_their_code(client: Client) -> None:
    client.run(
        """
        client = weave.init("admin/weave-ops")

        @weave.op
        def double(x: int) -> int:
            return 2 * x

        ref = weave.publish(double)
        code = client.server.file_content_read
        got = weave.ref(ref.uri).get()
        assert "return 2 * x" in got.get_captured_code(), got.get_captured_code()
        """
    )


def test_images_come_back(client: Client) -> None:
    client.run(
        """
        from PIL import Image
        weave.init("admin/weave-images")
        image = Image.new("RGB", (7, 5), (10, 20, 30))
        got = weave.publish({"picture": image, "note": "x"}, name="pictures").get()
        assert got["picture"].size == (7, 5)
        assert got["picture"].getpixel((3, 3)) == (10, 20, 30)
        """
    )


def test_digests_of_the_client_are_ours(client: Client) -> None:
    program = client.run(
        """
        client = weave.init("admin/weave-table-digests")
        rows = [{"x": 1, "y": 1.0, "z": "é"}, {"x": 2, "y": None, "z": [1, {"a": True}]}]

        @weave.op
        def triple(x):
            return 3 * x

        weave.publish(triple)
        ref = weave.publish(weave.Dataset(name="d", rows=rows))
        client.flush()
        assert [dict(row) for row in weave.ref(f"d:{ref.digest}").get().rows][0] == rows[0]
        assert not client.project_id_resolver.is_disabled
        """,
        WEAVE_ENABLE_CLIENT_SIDE_DIGESTS="true",
    )
    assert "validation failed" not in program.output
