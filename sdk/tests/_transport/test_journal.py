"""The journal gives back what was appended, once and in order, whatever happens."""

from __future__ import annotations

import errno
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiseki._transport.journal import JournalReader, JournalWriter
from kiseki._transport.segment import FIRST_RECORD, segment_path
from kiseki.errors import ForkedRunError, JournalCorruptError, JournalError, JournalFullError


def read_all(directory: Path, position: int = 0, **limits: int) -> list[bytes]:
    records: list[bytes] = []
    with JournalReader(directory, position) as reader:
        while found := reader.read(**limits):
            records += found
    return records


def payload_of(number: int) -> bytes:
    return b"%d:" % number + random.Random(number).randbytes(number * 37 % 900)


def test_records_come_back_in_order(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path)
    positions = [journal.append(b"record %d" % i) for i in range(1000)]
    assert positions == list(range(1000))
    assert journal.next == 1000
    assert read_all(tmp_path) == [b"record %d" % i for i in range(1000)]
    journal.close()
    assert read_all(tmp_path) == [b"record %d" % i for i in range(1000)]


def test_a_missing_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert read_all(tmp_path / "nothing") == []


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30_000), max_size=60),
    segment_bytes=st.sampled_from([4096, 8192, 65536]),
    position=st.integers(0, 70),
    max_records=st.integers(1, 50),
    max_bytes=st.integers(1, 100_000),
)
def test_any_sizes_and_rollovers(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    segment_bytes: int,
    position: int,
    max_records: int,
    max_bytes: int,
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    payloads = [random.Random(i).randbytes(size) for i, size in enumerate(sizes)]
    journal = JournalWriter(directory, segment_bytes=segment_bytes)
    for payload in payloads:
        journal.append(payload)
    live = read_all(directory, position, max_records=max_records, max_bytes=max_bytes)
    journal.close()
    assert live == payloads[position:]
    assert read_all(directory, position) == payloads[position:]


def test_limits_bound_one_read(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path)
    for _ in range(100):
        journal.append(bytes(1000))
    journal.append(b"x" * 50_000)
    with JournalReader(tmp_path) as reader:
        assert len(reader.read(max_records=7)) == 7
        assert reader.position == 7
        assert len(reader.read(max_bytes=5000)) == 5
        assert len(reader.read()) == 89
        assert reader.read() == []
    assert read_all(tmp_path, 100, max_bytes=1) == [b"x" * 50_000]
    journal.close()


def test_a_reader_follows_a_live_writer_over_rollovers(tmp_path: Path) -> None:
    count = 20_000
    journal = JournalWriter(tmp_path, segment_bytes=32 << 10)

    def write() -> None:
        for number in range(count):
            journal.append(payload_of(number))
        journal.close()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    deadline = time.monotonic() + 60
    with JournalReader(tmp_path) as reader:
        while seen < count and time.monotonic() < deadline:
            for record in reader.read(max_records=50):
                assert record == payload_of(seen)
                seen += 1
    writer.join()
    assert seen == count
    assert len(list(tmp_path.glob("*.seg"))) > 100


def test_threads_append_without_loss(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, segment_bytes=64 << 10)
    returned: list[list[tuple[int, bytes]]] = [[] for _ in range(8)]

    def write(index: int) -> None:
        for number in range(2000):
            payload = b"%d/%d" % (index, number)
            returned[index].append((journal.append(payload), payload))

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    expected = sorted(pair for pairs in returned for pair in pairs)
    assert [position for position, _ in expected] == list(range(16_000))
    assert read_all(tmp_path) == [payload for _, payload in expected]


def test_closing_gives_back_unused_space(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, segment_bytes=1 << 20)
    assert segment_path(tmp_path, 0).stat().st_size == 1 << 20
    journal.append(b"12345678")
    journal.close()
    journal.close()
    assert segment_path(tmp_path, 0).stat().st_size == FIRST_RECORD + 16
    with pytest.raises(ValueError, match="closed"):
        journal.append(b"more")


def test_a_journal_is_written_once(tmp_path: Path) -> None:
    JournalWriter(tmp_path).close()
    with pytest.raises(JournalError, match="holds a journal already"):
        JournalWriter(tmp_path)


def test_a_torn_tail_is_no_record(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path)
    journal.append(b"whole")
    with segment_path(tmp_path, 0).open("r+b") as file:
        file.seek(FIRST_RECORD + 16)
        file.write(struct.pack("<II", 100, 1) + b"half of it")
    assert read_all(tmp_path) == [b"whole"]
    journal.close()


def write_three(directory: Path) -> None:
    journal = JournalWriter(directory)
    for payload in (b"first...", b"second..", b"third..."):
        journal.append(payload)
    journal.close()


@pytest.mark.parametrize("live", [False, True])
def test_damage_in_the_middle_names_file_and_offset(tmp_path: Path, live: bool) -> None:
    journal = JournalWriter(tmp_path)
    for payload in (b"first...", b"second..", b"third..."):
        journal.append(payload)
    if not live:
        journal.close()
    with segment_path(tmp_path, 0).open("r+b") as file:
        file.seek(FIRST_RECORD + 16 + 8)
        file.write(b"S")
    with JournalReader(tmp_path) as reader:
        assert reader.read(max_records=1) == [b"first..."]
        offset = FIRST_RECORD + 16
        with pytest.raises(
            JournalCorruptError, match=rf"00000000\.seg, offset {offset} \(record 1"
        ):
            reader.read()
    journal.close()


def test_records_before_the_damage_are_given_first(tmp_path: Path) -> None:
    write_three(tmp_path)
    path = segment_path(tmp_path, 0)
    os.truncate(path, path.stat().st_size - 1)
    with JournalReader(tmp_path) as reader:
        assert reader.read() == [b"first...", b"second.."]
        assert reader.position == 2
        for _ in range(2):
            with pytest.raises(JournalCorruptError, match="record 2"):
                reader.read()


def test_each_further_segment_is_announced(tmp_path: Path) -> None:
    announced: list[int] = []
    journal = JournalWriter(
        tmp_path, segment_bytes=8192, rolled_over=lambda: announced.append(journal.next)
    )
    for _ in range(20):
        journal.append(bytes(1000))
    journal.close()
    assert announced == [7, 14]


@pytest.mark.parametrize("cut", [1, 8, 15, 17])
def test_a_copy_that_was_cut_off_is_reported(tmp_path: Path, cut: int) -> None:
    write_three(tmp_path)
    path = segment_path(tmp_path, 0)
    os.truncate(path, path.stat().st_size - cut)
    with JournalReader(tmp_path) as reader:
        assert reader.read(max_records=1) == [b"first..."]
    with pytest.raises(JournalCorruptError, match="cut off"):
        read_all(tmp_path)


def test_a_missing_segment_is_reported(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, segment_bytes=8192)
    for _ in range(40):
        journal.append(bytes(1000))
    journal.close()
    segment_path(tmp_path, 2).unlink()
    with pytest.raises(JournalCorruptError, match=r"00000002\.seg is missing"):
        read_all(tmp_path)
    segment_path(tmp_path, 0).unlink()
    with pytest.raises(JournalCorruptError, match="the segment with record 0 is missing"):
        read_all(tmp_path)


def test_a_foreign_file_is_no_segment(tmp_path: Path) -> None:
    segment_path(tmp_path, 0).write_bytes(b"something else entirely, longer than the header is")
    with pytest.raises(JournalCorruptError, match="no segment of a journal"):
        read_all(tmp_path)


def test_an_empty_record_is_refused(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path)
    with pytest.raises(ValueError, match="not empty"):
        journal.append(b"")
    journal.close()


def test_fsync_writes_the_same_journal(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, segment_bytes=8192, fsync=True)
    payloads = [payload_of(i) for i in range(60)]
    for payload in payloads:
        journal.append(payload)
    journal.close()
    assert read_all(tmp_path) == payloads


def test_a_forked_child_cannot_write_into_the_journal(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path)
    journal.append(b"parent")
    pid = os.fork()
    if not pid:
        code = 1
        try:
            journal.append(b"child")
        except ForkedRunError as error:
            code = 0 if "kiseki.init" in str(error) else 2
        finally:
            journal.close()
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    journal.append(b"parent again")
    assert read_all(tmp_path) == [b"parent", b"parent again"]
    journal.close()


def test_interruptions_lose_nothing(tmp_path: Path) -> None:
    """Ctrl-C at any moment, and handlers that append while an append is under way."""

    class Interrupted(Exception):
        pass

    journal = JournalWriter(tmp_path, segment_bytes=8192)
    positions: dict[int, bytes] = {}
    fired = interrupted = 0
    may_raise = False

    def on_alarm(*_: object) -> None:
        nonlocal fired, interrupted, may_raise
        fired += 1
        payload = b"handler %d" % fired
        positions[journal.append(payload)] = payload
        signal.setitimer(signal.ITIMER_REAL, 0.0001)
        if may_raise:
            may_raise = False
            interrupted += 1
            raise Interrupted

    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.0001)
    number = 0
    try:
        while interrupted < 500:
            number += 1
            payload = b"loop %d " % number + bytes(number % 300)
            try:
                may_raise = number % 2 == 0
                positions[journal.append(payload)] = payload
                may_raise = False
            except Interrupted:
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    journal.close()
    records = read_all(tmp_path)
    assert len(records) == journal.next
    assert {position: records[position] for position in positions} == positions


WRITE_FOREVER = """
import os, sys, zlib
from pathlib import Path
from kiseki._transport.journal import JournalWriter
journal = JournalWriter(Path(sys.argv[1]), segment_bytes=16384)
number = 0
while True:
    body = b"%d:" % number + bytes(number * 7919 % 1500)
    os.write(1, b"%d\\n" % journal.append(body))
    number += 1
"""


def test_every_appended_record_survives_kill_9(tmp_path: Path) -> None:
    moments = random.Random(20)
    for attempt in range(12):
        directory = tmp_path / str(attempt)
        with subprocess.Popen(
            [sys.executable, "-c", WRITE_FOREVER, str(directory)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            wanted = moments.randrange(1, 3000)
            returned = -1
            for line in process.stdout:
                returned = int(line)
                if returned >= wanted:
                    process.kill()
                    break
            returned = max(
                [returned, *(int(line) for line in process.stdout if line[-1:] == b"\n")]
            )
        records = read_all(directory)
        assert len(records) in (returned + 1, returned + 2)
        assert records == [b"%d:" % i + bytes(i * 7919 % 1500) for i in range(len(records))]


def test_a_full_disk_is_an_error_and_the_journal_goes_on_afterwards(
    small_disk: Callable[[int], Path],
) -> None:
    disk = small_disk(1)
    journal = JournalWriter(disk / "journal", segment_bytes=128 << 10)
    (disk / "other").write_bytes(bytes(300 << 10))
    written: list[bytes] = []

    def fill() -> None:
        for number in range(10_000):
            journal.append(payload_of(number))
            written.append(payload_of(number))

    with pytest.raises(JournalFullError, match="No space is left"):
        fill()
    assert len(written) > 100
    assert read_all(disk / "journal") == written
    journal.append(b"goodbye", last=True)
    written.append(b"goodbye")
    (disk / "other").unlink()
    journal.append(b"there is room again")
    journal.close()
    assert read_all(disk / "journal") == [*written, b"there is room again"]


@pytest.mark.parametrize("kind", ["missing", "unsupported"])
def test_space_is_reserved_without_fallocate_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def unsupported(file: int, offset: int, size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    if kind == "missing":
        monkeypatch.delattr(os, "posix_fallocate")
        monkeypatch.setattr(sys, "platform", "darwin")
    else:
        monkeypatch.setattr(os, "posix_fallocate", unsupported)
    journal = JournalWriter(tmp_path, segment_bytes=(1 << 20) + 4096)
    status = segment_path(tmp_path, 0).stat()
    assert (status.st_size, status.st_blocks * 512 >= status.st_size) == ((1 << 20) + 4096, True)
    journal.append(b"record")
    journal.append(bytes(3 << 20))
    journal.close()
    assert read_all(tmp_path) == [b"record", bytes(3 << 20)]


def test_a_removed_directory_is_named(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    journal = JournalWriter(directory, segment_bytes=8192)
    segment_path(directory, 0).unlink()
    directory.rmdir()
    with pytest.raises(JournalError, match="Cannot write the journal in"):
        journal.append(bytes(10_000))
    journal.close()


def test_the_checksum_is_crc32(tmp_path: Path) -> None:
    """The format is a promise: other programs may read journals."""
    journal = JournalWriter(tmp_path)
    journal.append(b"abc")
    journal.close()
    data = segment_path(tmp_path, 0).read_bytes()
    assert data[:8] == b"KISEKI\x00\x01"
    assert data[FIRST_RECORD:] == struct.pack("<II", 3, zlib.crc32(b"abc")) + b"abc" + bytes(5)
