from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from kiseki_server.domain.files.tickets import (
    AnyTicket,
    ArtifactDownload,
    ArtifactUpload,
    ExportDownload,
    ManifestDownload,
    ManifestUpload,
    PartUpload,
    Ticket,
    Tickets,
)
from kiseki_server.kit.errors import Forbidden
from kiseki_server.kit.ids import ManifestId, RunId, VersionId
from kiseki_server.kit.secrets import Hasher


class _Clock:
    time = datetime(2026, 1, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def _parts(address: str) -> tuple[str, int, str]:
    url = urlsplit(address)
    query = parse_qs(url.query)
    return unquote(url.path), int(query["expires"][0]), query["signature"][0]


UPLOAD = Ticket("upload", RunId(7), "media/x y#?.png")


def test_an_address_allows_what_it_was_made_for() -> None:
    tickets = Tickets(Hasher(b"s" * 32), _Clock())
    path, expires, signature = _parts(tickets.address(UPLOAD))
    assert path == "/blobs/runs/7/media/x y#?.png"
    tickets.check(UPLOAD, expires, signature)


@pytest.mark.parametrize(
    ("ticket", "later", "changed"),
    [
        (Ticket("download", RunId(7), UPLOAD.path), 0, ""),
        (Ticket("upload", RunId(8), UPLOAD.path), 0, ""),
        (Ticket("upload", RunId(7), "other"), 0, ""),
        (UPLOAD, 60, ""),
        (UPLOAD, 0, "0"),
    ],
    ids=["another purpose", "another run", "another file", "a later end", "another signature"],
)
def test_an_address_allows_nothing_else(ticket: Ticket, later: int, changed: str) -> None:
    tickets = Tickets(Hasher(b"s" * 32), _Clock())
    _, expires, signature = _parts(tickets.address(UPLOAD))
    with pytest.raises(Forbidden):
        tickets.check(ticket, expires + later, signature + changed)


def test_an_address_ends() -> None:
    clock = _Clock()
    tickets = Tickets(Hasher(b"s" * 32), clock)
    _, expires, signature = _parts(tickets.address(UPLOAD))
    clock.time = _Clock.time + timedelta(hours=24)
    with pytest.raises(Forbidden, match="expired"):
        tickets.check(UPLOAD, expires, signature)


def test_another_server_does_not_accept_it() -> None:
    _, expires, signature = _parts(Tickets(Hasher(b"s" * 32), _Clock()).address(UPLOAD))
    with pytest.raises(Forbidden):
        Tickets(Hasher(b"t" * 32), _Clock()).check(UPLOAD, expires, signature)


ALL: list[AnyTicket] = [
    UPLOAD,
    Ticket("download", RunId(7), "a"),
    ArtifactUpload(VersionId(7), "a", "d+/==", 5),
    ArtifactUpload(VersionId(7), "a", "d+/==", None),
    ArtifactUpload(VersionId(7), "a", "e", 5),
    ArtifactUpload(VersionId(7), "a", "d+/==", 6),
    ArtifactUpload(VersionId(8), "a", "d+/==", 5),
    ArtifactUpload(VersionId(7), "b", "d+/==", 5),
    ArtifactDownload(VersionId(7), "a"),
    ArtifactDownload(VersionId(8), "a"),
    ManifestUpload(ManifestId(7), "d"),
    ManifestUpload(ManifestId(8), "d"),
    ManifestUpload(ManifestId(7), "e"),
    ManifestDownload(VersionId(7)),
    PartUpload("u", 1, "d"),
    PartUpload("u", 2, "d"),
    PartUpload("v", 1, "d"),
    PartUpload("u", 1, "e"),
    ExportDownload(RunId(7), 0),
    ExportDownload(RunId(7), 1),
]


def test_no_ticket_opens_what_another_one_does() -> None:
    tickets = Tickets(Hasher(b"s" * 32), _Clock())
    for own in ALL:
        _, expires, signature = _parts(tickets.address(own))
        for other in ALL:
            if other == own:
                tickets.check(other, expires, signature)
            else:
                with pytest.raises(Forbidden):
                    tickets.check(other, expires, signature)


def test_an_address_carries_what_the_server_must_know_again() -> None:
    tickets = Tickets(Hasher(b"s" * 32), _Clock())
    url = urlsplit(tickets.address(ArtifactUpload(VersionId(7), "a b/c", "d+/==", 5)))
    assert url.path == "/blobs/wandb_artifacts/7/a%20b/c"
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    assert (query["digest"], query["size"], query["purpose"]) == ("d+/==", "5", "upload")
    assert "/wandb_manifest.json?" in tickets.address(ManifestUpload(ManifestId(7), "d"))
