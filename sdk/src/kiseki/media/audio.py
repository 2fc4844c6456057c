"""Sounds."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, cast

from kiseki.errors import ValueRangeError, ValueTypeError
from kiseki.media.value import FileMedia, Json, Keeper, as_array, captions, existing

_MOST_CHANNELS = 32


class Audio(FileMedia):
    """A sound.

    Args:
        data_or_path: A file, or an array of (samples,) or (samples, channels): floats between -1
            and 1, or whole numbers of 16 bits.
        sample_rate: Samples a second; needed for an array.
        caption: A line below it.

    Raises:
        ValueTypeError: This is no sound.
        FileError: There is no such file.
    """

    TYPE = "audio-file"
    FOLDER = "media/audio"

    def __init__(
        self,
        data_or_path: str | PathLike[str] | Any,
        sample_rate: int | None = None,
        caption: str | None = None,
    ) -> None:
        self.sample_rate = sample_rate
        self.duration: float | None = None
        content: bytes | Path
        if isinstance(data_or_path, (str, PathLike)):
            content = existing(cast("str | PathLike[str]", data_or_path), "Audio")
            suffix = content.suffix.lower() or ".wav"
            self._look_into(content)
        else:
            if sample_rate is None or sample_rate <= 0:
                raise ValueTypeError(
                    "Audio: an array needs a sample_rate", hint="Audio(samples, sample_rate=44100)"
                )
            samples = _samples(data_or_path)
            self.duration = len(samples) / sample_rate
            content, suffix = _wave(samples, int(sample_rate)), ".wav"
        super().__init__(content, suffix, caption)

    def _look_into(self, file: Path) -> None:
        try:
            with wave.open(str(file)) as sound:
                self.sample_rate = self.sample_rate or sound.getframerate()
                self.duration = sound.getnframes() / sound.getframerate()
        except (wave.Error, EOFError, ZeroDivisionError):
            return  # of another kind than WAV

    def _facts(self) -> Json:
        facts = {"sample_rate": self.sample_rate, "duration": self.duration}
        return {name: value for name, value in facts.items() if value is not None}

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        value: Json = {
            "_type": "audio",
            "count": len(items),
            "audio": [item.logged(keeper) for item in items],
            **captions(items),
        }
        if all(item.sample_rate for item in items):
            value["sampleRates"] = [item.sample_rate for item in items]
        if all(item.duration is not None for item in items):
            value["durations"] = [item.duration for item in items]
        return value


def _samples(data: Any) -> Any:
    array = as_array(data, "Audio")
    if array.ndim not in (1, 2) or array.dtype.kind not in "iuf":
        raise ValueTypeError(
            f"Audio: an array of {array.dtype} and shape {tuple(array.shape)} is none; "
            "(samples,) or (samples, channels) would be one"
        )
    if array.ndim == 2 and array.shape[1] > _MOST_CHANNELS:
        raise ValueRangeError(
            f"Audio: the shape {tuple(array.shape)} means {array.shape[1]:,} channels",
            hint="transpose it: (samples, channels)",
        )
    if array.dtype.kind == "f":
        array = array.copy()
        array[array != array] = 0
        return (array.clip(-1, 1) * 32767).round().astype("<i2")
    if array.dtype == "uint8":
        return ((array.astype("int32") - 128) * 256).astype("<i2")
    if array.dtype == "int32":
        return (array >> 16).astype("<i2")
    return array.clip(-32768, 32767).astype("<i2")


def _wave(samples: Any, rate: int) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return stream.getvalue()
