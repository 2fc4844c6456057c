"""Videos."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, cast

from kiseki.errors import FileError, ValueRangeError, ValueTypeError
from kiseki.media.image import as_pixels
from kiseki.media.sizes import size_of
from kiseki.media.value import FileMedia, Json, Keeper, as_array, existing, needed

FORMATS = ("gif", "mp4", "webm", "ogg")


class Video(FileMedia):
    """A video.

    Args:
        data_or_path: A file; a stream of bytes with its ``format``; or an array of (time,
            channels, height, width) or (batch, time, channels, height, width), which is put into
            one picture. An array needs Pillow for "gif" and imageio with ffmpeg for the others.
        caption: A line below it.
        fps: Frames a second of an array; 4 if not given.
        format: "gif" for an array if not given; "mp4", "webm", "ogg".

    Raises:
        ValueTypeError: This is no video.
        FileError: There is no such file.
        MissingPackageError: A package is needed that is not installed.
    """

    TYPE = "video-file"
    FOLDER = "media/videos"

    def __init__(
        self,
        data_or_path: str | PathLike[str] | io.BytesIO | Any,
        caption: str | None = None,
        fps: int | None = None,
        format: str | None = None,
    ) -> None:
        content: bytes | Path
        if format is not None and format not in FORMATS:
            raise ValueRangeError(f"Video: format is one of {', '.join(FORMATS)}, not {format!r}")
        if isinstance(data_or_path, (str, PathLike)):
            content = existing(cast("str | PathLike[str]", data_or_path), "Video")
            kind = content.suffix[1:].lower()
            if kind not in FORMATS:
                raise FileError(
                    f"Video: {content.name!r} ends in none of {', '.join(FORMATS)}",
                    hint="convert it, for example with ffmpeg",
                )
        elif isinstance(data_or_path, io.BytesIO):
            if format is None:
                raise ValueTypeError("Video: a stream of bytes needs a format, such as 'mp4'")
            content, kind = data_or_path.getvalue(), format
        else:
            kind = format or "gif"
            content = _encoded(_frames(data_or_path), fps or 4, kind)
        super().__init__(content, f".{kind}", caption)
        self._size = size_of(content)

    def _facts(self) -> Json:
        return {} if self._size is None else {"width": self._size[0], "height": self._size[1]}

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        return {
            "_type": "videos",
            "count": len(items),
            "videos": [item.logged(keeper) for item in items],
            "captions": [item.caption or "" for item in items],
        }


def _frames(data: Any) -> list[Any]:
    """Pictures of uint8, (height, width) or (height, width, channels)."""
    array = as_array(data, "Video")
    if array.ndim == 4:
        array = array[None]
    if array.ndim != 5 or not array.size or array.shape[2] not in (1, 3, 4):
        raise ValueTypeError(
            f"Video: an array of shape {tuple(array.shape)} is none; "
            "(time, 1, 3 or 4, height, width) would be one"
        )
    # The batch side by side, in a grid as wide as it is high.
    batch, time, channels, height, width = array.shape
    columns = 1
    while columns * columns < batch:
        columns += 1
    rows = -(-batch // columns)
    if missing := rows * columns - batch:
        numpy = needed("numpy", "Video")
        black = numpy.zeros((missing, time, channels, height, width), array.dtype)
        array = numpy.concatenate([array, black])
    array = array.reshape(rows, columns, time, channels, height, width)
    array = array.transpose(2, 0, 4, 1, 5, 3)
    array = array.reshape(time, rows * height, columns * width, channels)
    whole = (
        as_pixels(array.reshape(time * rows * height, columns * width, channels))
        if (time * rows * height <= 65_500)
        else None
    )
    if whole is not None:
        return list(whole.reshape(time, rows * height, *whole.shape[1:]))
    return [as_pixels(frame) for frame in array]


def _encoded(frames: list[Any], fps: int, format: str) -> bytes:
    if format == "gif":
        pil = needed("PIL.Image", "Video(format='gif')", "pillow")
        pictures = [pil.fromarray(frame) for frame in frames]
        stream = io.BytesIO()
        pictures[0].save(
            stream,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=1000 / fps,
            loop=0,
        )
        return stream.getvalue()
    imageio = needed("imageio", f"Video(format={format!r})", "'imageio[ffmpeg]'")
    colours = [frame if frame.ndim == 3 else frame[:, :, None].repeat(3, 2) for frame in frames]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video.{format}"
        with imageio.get_writer(path, fps=fps, macro_block_size=1) as writer:
            for frame in colours:
                writer.append_data(frame)
        return path.read_bytes()
