"""One journal on its way to the server."""

from __future__ import annotations

from pathlib import Path

from kiseki._transport.batches import Built, Limits, Origin, build, is_errand, is_exit
from kiseki._transport.journal import JournalReader
from kiseki._transport.segment import HEADER, read_header, segment_numbers, segment_path
from kiseki.errors import JournalCorruptError

_READ_RECORDS = 50_000
_READ_BYTES = 8 << 20
_AHEAD_RECORDS = 2 * _READ_RECORDS
_AHEAD_BYTES = 2 * _READ_BYTES


class Source:
    """Records read from a journal and not acknowledged yet."""

    def __init__(self, directory: Path, origin: Origin, position: int) -> None:
        self.name = directory.name
        self.origin = origin
        self.position = position
        """Everything below is acknowledged."""
        self.pending: list[bytes] = []
        """The records from ``position`` on, as far as they have been read."""
        self.pending_bytes = 0
        self.exit_seen = False
        """An `Exit` record is among those read."""
        self.errands: list[tuple[int, bytes]] = []
        """Records with their positions that ask for requests of their own; taken by `Errands`."""
        self._directory = directory
        self._reader = JournalReader(directory, position)

    def poll(self) -> bool:
        """Read on, unless much waits already. Tells whether there was something new.

        Raises `JournalCorruptError` where the journal is damaged; `skip_damage` goes on.
        """
        if len(self.pending) >= _AHEAD_RECORDS or self.pending_bytes >= _AHEAD_BYTES:
            return False
        payloads = self._reader.read(max_records=_READ_RECORDS, max_bytes=_READ_BYTES)
        if not payloads:
            return False
        first = self.position + len(self.pending)
        self.errands += [(first + i, p) for i, p in enumerate(payloads) if is_errand(p)]
        self.pending += payloads
        self.pending_bytes += sum(map(len, payloads))
        self.exit_seen = self.exit_seen or any(map(is_exit, payloads))
        return True

    def build(self, limits: Limits) -> Built:
        return build(self.origin, self.position, self.pending, limits)

    def advance(self, position: int) -> None:
        """Everything below ``position`` is acknowledged."""
        taken = position - self.position
        if 0 <= taken <= len(self.pending):
            self.pending_bytes -= sum(map(len, self.pending[:taken]))
            del self.pending[:taken]
            self.position = position
        else:
            self.rewind(position)

    def rewind(self, position: int) -> None:
        """Go on from ``position``, wherever that is."""
        self._reader.close()
        self._reader = JournalReader(self._directory, position)
        self.pending = []
        self.pending_bytes = 0
        self.position = position

    def damage(self) -> tuple[int, int] | None:
        """Positions that a damaged segment hides: the first, and the one after the last.

        ``None`` when nothing readable follows.
        """
        at = self.position + len(self.pending)
        for number in segment_numbers(self._directory):
            path = segment_path(self._directory, number)
            try:
                with path.open("rb") as file:
                    first, _ = read_header(file.read(HEADER.size), path)
            except (OSError, JournalCorruptError):
                continue
            if first > at:
                return at, first
        return None

    @property
    def is_empty(self) -> bool:
        """There is no journal on disk."""
        return not segment_numbers(self._directory)

    def close(self) -> None:
        self._reader.close()


def count_records(directory: Path) -> int:
    """How many records a journal has now."""
    with JournalReader(directory) as reader:
        while reader.read():
            pass
        return reader.position
