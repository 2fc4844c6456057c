"""Reading what a run has logged beside numbers; the caller has asked whether it may be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import pyarrow as pa

from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.types import RunFile
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RowQuery, RunRef, Stream
from kiseki_server.domain.media.boxes import box_set, class_names
from kiseki_server.domain.media.charts import charts
from kiseki_server.domain.media.sheets import (
    MAX_BYTES,
    SheetCache,
    SheetRows,
    read_sheet,
    rows_of_parts,
)
from kiseki_server.domain.media.types import (
    BoxSet,
    Chart,
    Json,
    MaskSet,
    MediaItem,
    MediaKey,
    MediaKind,
    MediaPage,
)
from kiseki_server.domain.media.values import Element, elements, kind_of
from kiseki_server.domain.runs.rules import NOTES
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit import json
from kiseki_server.kit.errors import BadRequest, NotFound, TooLarge
from kiseki_server.kit.transactions import UnitOfWork

MAX_STEPS = 1_000
MAX_INCREMENTS = 1_000
"""Pieces of a table that is logged row by row."""
_BOX_BYTES = 8 << 20
_LABELS = {"masks": "mask/class_labels", "boxes": "bounding_box/class_labels"}
_BETWEEN = "_wandb_delimeter_"
"""Between the key of an image and the name of a set, in the client's notes."""


@dataclass(frozen=True, slots=True)
class LoggedTable:
    """A table that a run has logged, opened."""

    item: MediaItem
    rows: SheetRows


class MediaService:
    """Questions about media, tables and charts of one run."""

    def __init__(
        self, history: HistoryStore, files: FileService, sheets: SheetCache, work: UnitOfWork
    ) -> None:
        self._history = history
        self._files = files
        self._sheets = sheets
        self._work = work

    def keys(self, run: Run) -> Sequence[MediaKey]:
        """Keys under which media were logged, in byte order."""
        found: dict[str, MediaKey] = {}
        for typed in self._history.typed_keys(_ref(run), Stream.HISTORY):
            kind, before = kind_of(typed.type), found.get(typed.key)
            if before is None:
                found[typed.key] = MediaKey(
                    typed.key, (kind,), typed.count, typed.first_step, typed.last_step
                )
                continue
            found[typed.key] = MediaKey(
                key=typed.key,
                kinds=tuple(dict.fromkeys((*before.kinds, kind))),
                count=before.count + typed.count,
                first_step=min(before.first_step, typed.first_step),
                last_step=max(before.last_step, typed.last_step),
            )
        return list(found.values())

    def items(
        self,
        run: Run,
        *,
        keys: Collection[str] = (),
        kinds: Collection[MediaKind] = (),
        low: int | None = None,
        high: int | None = None,
        limit: int = 100,
    ) -> MediaPage:
        """Items of at most ``limit`` steps, of all keys when none are named.

        Raises:
            BadRequest: ``limit`` is out of its range.
        """
        if not 1 <= limit <= MAX_STEPS:
            raise BadRequest(f"`limit` must lie between 1 and {MAX_STEPS}, not {limit}")
        known = [
            key.key
            for key in self.keys(run)
            if (not keys or key.key in keys) and (not kinds or not set(kinds).isdisjoint(key.kinds))
        ]
        if not known:
            return MediaPage((), None)
        return self._page(run, RowQuery(_ref(run), keys=known, low=low, high=high), kinds, limit)

    def _page(
        self, run: Run, query: RowQuery, kinds: Collection[MediaKind], limit: int
    ) -> MediaPage:
        table = self._history.rows(replace(query, limit=limit + 1))
        found: list[MediaItem] = []
        steps: dict[int, None] = {}
        columns = (table.column(name).to_pylist() for name in ("step", "time", "key", "json"))
        for step, time, key, text in zip(*columns, strict=True):
            steps[step] = None
            if len(steps) > limit:
                return MediaPage(tuple(found), step)
            if text is None:
                continue
            found += [
                self._item(run, key, step, time, element)
                for element in elements(json.from_text(text))
                if not kinds or element.kind in kinds
            ]
        return MediaPage(tuple(found), None)

    def table(
        self, run: Run, key: str, *, step: int | None = None, first: int = 0, limit: int = 100
    ) -> LoggedTable:
        """Rows of the table under a key: that of the step, or the last one.

        Raises:
            NotFound: There is no table under the key, or its file has not arrived.
            TooLarge: It is too large to be shown.
            BadRequest: Its file is no table.
        """
        item = self._table_item(run, key, step)
        parts = [item]
        if (increment := increment_of(item)) is not None:
            parts = self._increments(run, item, increment)
        sheets: list[pa.Table] = []
        for part in parts:
            if part.path is None:
                where = "" if part.artifact is None else f"; it stands in {part.artifact}"
                raise NotFound(f"The table `{key}` has no file in the run{where}")
            sheets.append(self._sheet(self._file(run, part.path)))
        return LoggedTable(item=item, rows=rows_of_parts(sheets, first, limit))

    def _increments(self, run: Run, last: MediaItem, increment: int) -> Sequence[MediaItem]:
        """The parts of a table that was logged piece by piece, from the first to ``last``."""
        query = RowQuery(_ref(run), keys=[last.key], high=last.step)
        parts: dict[int, MediaItem] = {increment: last}
        low: int | None = 0
        while low is not None:
            page = self._page(run, replace(query, low=low), [MediaKind.TABLE], MAX_STEPS)
            for item in page.items:
                number = increment_of(item)
                if number is not None and number < increment:
                    parts[number] = item  # of two with one number, the later
            low = page.next
        if len(parts) > MAX_INCREMENTS:
            raise TooLarge(
                f"The table was logged in {len(parts)} pieces; {MAX_INCREMENTS} can be shown",
                hint="Log larger pieces.",
            )
        return [parts[number] for number in sorted(parts)]

    def charts(self, run: Run) -> Sequence[Chart]:
        """Charts that the program asked for, in order of their keys."""
        return charts(run.client.get(NOTES))

    def _item(self, run: Run, key: str, step: int, time: datetime, element: Element) -> MediaItem:
        return MediaItem(
            key=key,
            step=step,
            time=time,
            index=element.index,
            kind=element.kind,
            path=element.path,
            artifact=element.artifact,
            size=element.size,
            digest=element.digest,
            width=element.width,
            height=element.height,
            caption=element.caption,
            format=element.format,
            boxes=tuple(self._boxes(run, key, element)),
            masks=tuple(
                MaskSet(name, path, class_names(_labels(run, "masks", key, name)))
                for name, path in element.masks.items()
            ),
            extra=element.extra,
        )

    def _boxes(self, run: Run, key: str, element: Element) -> Sequence[BoxSet]:
        """The boxes of an image. Those whose file has not arrived yet, or is none, are left out."""
        found: list[BoxSet] = []
        for name, path in element.boxes.items():
            with self._work.transaction():
                files = self._files.some(run.id, [path])
            if not files or files[0].size > _BOX_BYTES:
                continue
            try:
                content = json.decode(b"".join(self._files.read(files[0])))
            except BadRequest:
                continue
            boxes = box_set(name, content, element.width, element.height)
            classes = boxes.classes or class_names(_labels(run, "boxes", key, name))
            found.append(BoxSet(name=boxes.name, boxes=boxes.boxes, classes=classes))
        return found

    def _table_item(self, run: Run, key: str, step: int | None) -> MediaItem:
        logged = [
            typed
            for typed in self._history.typed_keys(_ref(run), Stream.HISTORY)
            if typed.key == key and kind_of(typed.type) is MediaKind.TABLE
        ]
        if logged:
            last = max(typed.last_step for typed in logged) if step is None else step
            query = RowQuery(_ref(run), keys=[key], low=last, high=last)
            page = self._page(run, query, [MediaKind.TABLE], 1)
            if page.items:
                return page.items[0]
        when = "" if step is None else f" at step {step}"
        raise NotFound(f"The run `{run.name}` has logged no table under `{key}`{when}")

    def _file(self, run: Run, path: str) -> RunFile:
        with self._work.transaction():
            return self._files.get(run.id, path)

    def _sheet(self, file: RunFile) -> pa.Table:
        known = self._sheets.get(file.digest)
        if known is not None:
            return known
        if file.size > MAX_BYTES:
            raise TooLarge(
                f"The table has {file.size} bytes; tables of up to {MAX_BYTES} can be shown",
                hint="Download the file.",
            )
        content = b"".join(self._files.read(file))
        return self._sheets.put(file.digest, read_sheet(content))


def increment_of(item: MediaItem) -> int | None:
    """Which piece of a table this is; ``None``: it is a whole one."""
    number = (item.extra or {}).get("increment_num")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _labels(run: Run, of: str, key: str, set: str) -> Json:
    """Names of classes that the client keeps in its notes: once for each key and set."""
    found: Json = run.client
    for name in (NOTES, _LABELS[of], f"{key}{_BETWEEN}{set}", "value"):
        found = cast("Mapping[str, Json]", found).get(name) if isinstance(found, Mapping) else None
    return found


def _ref(run: Run) -> RunRef:
    return RunRef(run.project, run.id)
