"""The journal: an append-only sequence of records in memory-mapped files.

``append`` copies a record into the map and returns; from then on it survives the death of the
process at any instruction, because the pages belong to the kernel. The payload is written before
the record's header, and the header holds a checksum, so a reader sees a record whole or not at
all. The segments' format is in ``segment.py``.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
import zlib
from collections.abc import Callable
from mmap import PAGESIZE, mmap
from pathlib import Path
from typing import Self

from kiseki._transport.segment import (
    FIRST_RECORD,
    HEADER,
    RECORD,
    WritableSegment,
    read_header,
    segment_numbers,
    segment_path,
    space_of,
)
from kiseki.errors import ForkedRunError, JournalCorruptError, JournalError

_RESERVE = 1024
"""Bytes of a segment kept for the last record, which finds room on a full disk, too."""

_WARM = 128 << 10
_MIN_CHUNK = 16 << 10
_MAX_CHUNK = 1 << 20
_MADV_POPULATE_WRITE = 23  # Linux; the mmap module does not name it

_write_header = RECORD.pack_into
_crc32 = zlib.crc32


class JournalWriter:
    """Appends records to a journal that it alone writes; safe for threads and signal handlers."""

    def __init__(
        self,
        directory: Path,
        *,
        segment_bytes: int = 8 << 20,
        fsync: bool = False,
        rolled_over: Callable[[], None] | None = None,
    ) -> None:
        """Begin a journal in an empty or missing directory.

        Args:
            directory: Where the segments go.
            segment_bytes: Size of a segment, reserved on disk at once.
            fsync: Wait for the disk at each record; for those who fear power loss.
            rolled_over: Called at the begin of each further segment, by whoever appends.
        """
        directory.mkdir(parents=True, exist_ok=True)
        if segment_numbers(directory):
            raise JournalError(
                f"{directory} holds a journal already; a journal is written by one process once"
            )
        self._directory = directory
        self._segment_bytes = -(-segment_bytes // PAGESIZE) * PAGESIZE
        self._fsync = fsync
        self._rolled_over = rolled_over
        self.lock = threading.RLock()
        """Held while a record is appended."""
        self._next = 0
        self._prepared: WritableSegment | None = None
        self._closed: Exception | None = None
        self._segment = WritableSegment(directory, 0, 0, max(self._segment_bytes, 2 * PAGESIZE))
        self._segment.publish()
        self._map: mmap = self._segment.map
        self._offset = FIRST_RECORD
        self._end = self._segment.capacity
        self._warm = 0
        _writers.add(self)

    @property
    def next(self) -> int:
        """Position of the next record, which is also the number of records so far."""
        return self._next

    def append(self, payload: bytes, *, last: bool = False) -> int:
        """Append one encoded record and return its position.

        Args:
            payload: The record; not empty.
            last: May use the space that is kept back for a journal's last record.

        Raises:
            JournalFullError: A new segment is due and the disk is full. The journal stays
                whole, and a later call works again when there is space.
        """
        with self.lock:
            return self.append_locked(payload, last)

    def append_locked(self, payload: bytes, last: bool = False) -> int:
        """`append` for a caller that holds ``lock``."""
        size = len(payload)
        if not size:
            raise ValueError("a record is not empty")
        checksum = _crc32(payload)
        space = 8 + size + (-size & 7)
        while True:
            start = self._offset
            stop = start + space
            if stop > self._end - (0 if last else _RESERVE):
                self._roll_over(space)
                continue
            if stop > self._warm:
                self._warm_up(stop)
            body = slice(start + 8, start + 8 + size)
            # From this comparison until the header is written, no other Python code can run on
            # this thread: CPython handles signals and collects garbage after calls and at
            # allocations of containers, and there are none before the last one has done its
            # work. So Ctrl-C cannot leave a hole that hides what comes later, and a handler or
            # finalizer that logs cannot write to the same place.
            if start != self._offset:
                continue
            position = self._next
            self._map[body] = payload
            self._offset = stop
            self._next = position + 1
            _write_header(self._map, start, size, checksum)
            break
        if self._fsync:
            self._map.flush(start & -PAGESIZE, stop - (start & -PAGESIZE))
        return position

    def close(self) -> None:
        """End the journal and give back the space that it does not need. Harmless twice."""
        with self.lock:
            if self._closed is not None:
                return
            self._closed = ValueError("the journal is closed")
            self._end = 0
            _writers.discard(self)
            if self._prepared is not None:
                self._prepared.discard()
            self._segment.trim(self._offset)

    def _roll_over(self, space: int) -> None:
        """Go on in a new segment. May be interrupted anywhere and simply be called again."""
        if self._closed is not None:
            raise self._closed
        retired = self._segment
        used = self._offset
        self._end = 0  # a handler that logs meanwhile must not add to the retired segment
        try:
            if self._prepared is None:
                capacity = max(self._segment_bytes, FIRST_RECORD + space + _RESERVE)
                made = WritableSegment(self._directory, retired.number + 1, self._next, capacity)
                if self._prepared is not None or self._segment is not retired:
                    made.discard()
                    return
                self._prepared = made
            prepared = self._prepared
            prepared.publish()
        except JournalError:
            if self._segment is retired:
                failed = self._prepared
                self._prepared = None
                self._end = retired.capacity
                if failed is not None:
                    failed.discard()
            raise
        if self._prepared is not prepared:
            return
        self._segment = prepared
        self._map = prepared.map
        self._offset = FIRST_RECORD
        self._end = prepared.capacity
        self._warm = 0
        self._prepared = None
        if self._fsync:
            retired.sync()
        retired.trim(used)
        if self._rolled_over is not None:
            self._rolled_over()

    def _warm_up(self, stop: int) -> None:
        """Map the next pages in one go instead of one page fault for every few records."""
        start = self._warm
        end = min(-(-stop // _WARM) * _WARM, self._end)
        self._warm = end
        if sys.platform != "linux":
            return
        try:
            self._map.madvise(_MADV_POPULATE_WRITE, start, end - start)
        except OSError:
            self._warm = self._end  # a kernel before 5.14
        except ValueError:
            pass  # a handler that logged meanwhile has moved on to another segment

    def _abandon(self) -> None:
        """In a forked child: leave the parent's journal alone."""
        self.lock = threading.RLock()
        self._closed = ForkedRunError(
            "This run belongs to the process that this one was forked from, which alone logs to it",
            hint="to log from a worker, call kiseki.init(id=…, label='worker 1') in the worker, "
            "with the run's id and a label of the worker's own",
        )
        self._end = 0
        self._segment.release()
        if self._prepared is not None:
            self._prepared.release()


_writers: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _abandon_all() -> None:
    for writer in list(_writers):
        writer._abandon()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    _writers.clear()


os.register_at_fork(after_in_child=_abandon_all)


class JournalReader:
    """Reads a journal in order, also while it is written. Close it when done."""

    def __init__(self, directory: Path, position: int = 0) -> None:
        """Read from ``position`` on; the journal need not exist yet."""
        self.position = position
        """Position of the record that ``read`` gives next."""
        self._directory = directory
        self._file = -1
        self._path = directory
        self._number = 0
        self._capacity = 0
        self._offset = 0
        self._at = 0
        self._looked_at = -1
        self._chunk = _MIN_CHUNK

    def read(self, *, max_records: int = 10_000, max_bytes: int = 4 << 20) -> list[bytes]:
        """The next records, at least one if there is one; an empty list if nothing is new.

        Raises:
            JournalCorruptError: A record that is not the torn tail of an unfinished write is
                damaged. What comes before it has been given.
        """
        records: list[bytes] = []
        room = max_bytes
        if self._file < 0 and not self._open_first():
            return records
        while len(records) < max_records and room > 0:
            offset = self._offset
            room -= self._scan(records, max_records, room)
            if self._offset != offset:
                continue
            try:
                if not self._advance():
                    break
            except JournalCorruptError:
                if records:
                    break
                raise
        return records

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _open_first(self) -> bool:
        numbers = segment_numbers(self._directory)
        for number in reversed(numbers):
            self._open(number)
            if self._at <= self.position:
                return True
        if numbers:
            self.close()
            raise JournalCorruptError(
                f"{self._path} begins at record {self._at}: "
                f"the segment with record {self.position} is missing"
            )
        return False

    def _open(self, number: int) -> None:
        path = segment_path(self._directory, number)
        file = os.open(path, os.O_RDONLY)
        try:
            first, capacity = read_header(os.pread(file, HEADER.size, 0), path)
        except BaseException:
            os.close(file)
            raise
        self.close()
        self._file, self._path, self._number = file, path, number
        self._at, self._capacity, self._offset = first, capacity, FIRST_RECORD
        self._looked_at = -1

    def _scan(self, records: list[bytes], max_records: int, room: int) -> int:
        """Collect whole records from the offset on; stops before whatever is none."""
        chunk = os.pread(self._file, self._chunk, self._offset)
        at = taken = 0
        while at + RECORD.size <= len(chunk) and len(records) < max_records and taken < room:
            size, checksum = RECORD.unpack_from(chunk, at)
            if not size:
                break
            stop = at + RECORD.size + size
            if stop > len(chunk):
                if at or self._offset + stop > self._capacity:
                    break
                chunk = os.pread(self._file, space_of(size), self._offset)
                if stop > len(chunk):
                    break
            payload = chunk[at + RECORD.size : stop]
            if zlib.crc32(payload) != checksum:
                break
            at += space_of(size)
            self._at += 1
            if self._at > self.position:
                records.append(payload)
                taken += size
                self.position = self._at
        self._offset += at
        self._chunk = min(2 * self._chunk, _MAX_CHUNK) if at else _MIN_CHUNK
        return taken

    def _advance(self) -> bool:
        """Decide what it means that no record is here. True: look again."""
        path = segment_path(self._directory, self._number + 1)
        follows = path.exists()
        length = os.fstat(self._file).st_size
        complete = follows or length < self._capacity
        if not complete and not self._is_damaged():
            return False
        if self._looked_at != self._offset:
            # The writer may have gone on between the look at the records and the one at the files.
            self._looked_at = self._offset
            return True
        if not complete:
            raise self._corrupt("a record does not match its checksum")
        rest = os.pread(self._file, length - self._offset, self._offset)
        if rest and (length < self._capacity or rest.count(0) < len(rest)):
            raise self._corrupt("a record is damaged or cut off")
        if follows:
            expected = self._at
            self._open(self._number + 1)
            if self._at != expected:
                raise self._corrupt(f"the segment begins at record {self._at}, not {expected}")
            return True
        if segment_numbers(self._directory)[-1] > self._number:
            raise JournalCorruptError(f"{path} is missing: its records are lost")
        return False

    def _is_damaged(self) -> bool:
        """Whether the place where the next record will be holds a bad one with more behind it."""
        head = os.pread(self._file, RECORD.size, self._offset)
        if len(head) < RECORD.size or not any(head):
            return False
        stop = self._offset + space_of(RECORD.unpack(head)[0])
        return stop > self._capacity or any(os.pread(self._file, RECORD.size, stop))

    def _corrupt(self, what: str) -> JournalCorruptError:
        return JournalCorruptError(
            f"The journal is damaged: {self._path}, offset {self._offset} "
            f"(record {self._at}): {what}"
        )
