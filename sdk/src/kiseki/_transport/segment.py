"""The file format of a journal's segments, and how a segment comes into being.

A segment is a header (magic with version, position of its first record, capacity, checksum)
followed by records. A record is a u32 length and a u32 checksum of the payload, both
little-endian, then the payload, padded to eight bytes so that the eight bytes of a record's
header are always written by one store. Unused space is zero: a length of zero ends the segment.
"""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import re
import struct
import zlib
from pathlib import Path

from kiseki.errors import JournalCorruptError, JournalError, JournalFullError

MAGIC = b"KISEKI\x00\x01"
HEADER = struct.Struct("<8sQQII")
RECORD = struct.Struct("<II")
FIRST_RECORD = HEADER.size

_NAME = re.compile(r"(\d{8})\.seg")
_ZEROS = bytes(1 << 20)
_temporary = itertools.count()


def segment_path(directory: Path, number: int) -> Path:
    return directory / f"{number:08d}.seg"


def segment_numbers(directory: Path) -> list[int]:
    """The segments of a journal in their order; empty where there is no journal."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(int(found[1]) for name in names if (found := _NAME.fullmatch(name)))


def space_of(size: int) -> int:
    """Bytes that a payload of ``size`` bytes takes in a segment."""
    return RECORD.size + size + (-size & 7)


def read_header(head: bytes, path: Path) -> tuple[int, int]:
    """First position and capacity of the segment that begins with ``head``."""
    if len(head) < HEADER.size or head[: len(MAGIC)] != MAGIC:
        raise JournalCorruptError(f"{path} is no segment of a journal: its header is damaged")
    _, first, capacity, checksum, _ = HEADER.unpack_from(head)
    if zlib.crc32(head[:24]) != checksum:
        raise JournalCorruptError(f"{path}: the header does not match its checksum")
    return first, capacity


class WritableSegment:
    """A preallocated segment in memory, invisible to readers until it is published."""

    def __init__(self, directory: Path, number: int, first: int, capacity: int) -> None:
        self.number = number
        self.capacity = capacity
        self.path = segment_path(directory, number)
        self._temporary = directory / f".{number:08d}.{next(_temporary)}.tmp"
        try:
            self._file = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            try:
                _reserve(self._file, capacity)
                self.map = mmap.mmap(self._file, capacity)
            except BaseException:
                self.discard()
                raise
        except OSError as error:
            raise _explained(error, directory) from error
        head = HEADER.pack(MAGIC, first, capacity, 0, 0)
        self.map[: HEADER.size] = HEADER.pack(MAGIC, first, capacity, zlib.crc32(head[:24]), 0)

    def publish(self) -> None:
        """Give the segment its name. Harmless when repeated."""
        try:
            os.rename(self._temporary, self.path)
        except FileNotFoundError:
            if not self.path.exists():
                raise JournalError(
                    f"Cannot extend the journal: {self.path.parent} has been removed"
                ) from None
        except OSError as error:
            raise _explained(error, self.path.parent) from error

    def discard(self) -> None:
        """Forget a segment that was never published."""
        self.release()
        self._temporary.unlink(missing_ok=True)

    def sync(self) -> None:
        os.fsync(self._file)

    def trim(self, size: int) -> None:
        """Give back the unused space; nothing is written to the segment any more."""
        if self._file < 0:
            return
        self.map.close()
        os.ftruncate(self._file, size)
        self.release()

    def release(self) -> None:
        """Close map and file, leaving the file as it is."""
        if (mapped := getattr(self, "map", None)) is not None:
            mapped.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _reserve(file: int, size: int) -> None:
    """Really take the space, so that a full disk is an error here and no SIGBUS later."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file, 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
        else:
            return
    for offset in range(0, size, len(_ZEROS)):
        left = memoryview(_ZEROS)[: size - offset]
        while left:
            left = left[
                os.pwrite(file, left, offset + min(len(_ZEROS), size - offset) - len(left)) :
            ]


def _explained(error: OSError, directory: Path) -> JournalError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return JournalFullError(
            f"No space is left for the journal in {directory}",
            hint="free some space, or start the run with init(dir=…) on a larger disk",
        )
    return JournalError(f"Cannot write the journal in {directory}: {error.strerror}")
