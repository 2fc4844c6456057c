"""Sounds, videos, pages, scenes, figures and histograms."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kiseki
from kiseki.errors import FileError, MissingPackageError, ValueRangeError, ValueTypeError
from kiseki.media.value import safe_key

from .conftest import Remembering


def test_samples_become_a_wave(keeper: Remembering) -> None:
    samples = np.array([[0.0, 1.0], [-1.0, 2.0], [0.5, np.nan]])
    value = kiseki.Audio(samples, sample_rate=8000, caption="c").logged(keeper)
    assert (value["_type"], value["caption"], value["sample_rate"]) == ("audio-file", "c", 8000)
    assert value["duration"] == 3 / 8000
    with wave.open(io.BytesIO(keeper.files[value["path"]])) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 8000)
        frames = np.frombuffer(sound.readframes(9), "<i2").reshape(-1, 2)
    assert frames.tolist() == [[0, 32767], [-32767, 32767], [16384, 0]]


@pytest.mark.parametrize(
    ("dtype", "value", "kept"),
    [("int16", -32768, -32768), ("uint8", 255, 32512), ("int32", 2**31 - 1, 32767)],
)
def test_whole_samples_keep_their_loudness(dtype: str, value: int, kept: int) -> None:
    audio = kiseki.Audio(np.array([value], dtype), sample_rate=1)
    with wave.open(io.BytesIO(audio.content)) as sound:
        assert np.frombuffer(sound.readframes(1), "<i2").tolist() == [kept]


def test_a_file_of_sound_says_how_long_it_is(tmp_path: Path, keeper: Remembering) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(kiseki.Audio(np.zeros(50), sample_rate=100).content)
    value = kiseki.Audio.logged_together([kiseki.Audio(file), kiseki.Audio(str(file))], keeper)
    assert (value["count"], value["sampleRates"], value["durations"]) == (2, [100] * 2, [0.5] * 2)
    (tmp_path / "b.mp3").write_bytes(b"ID3")
    assert kiseki.Audio(tmp_path / "b.mp3").duration is None


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(ValueTypeError, match="needs a sample_rate"):
        kiseki.Audio(np.zeros(4))
    with pytest.raises(ValueTypeError, match=r"\(samples,\) or \(samples, channels\)"):
        kiseki.Audio(np.zeros((2, 2, 2)), sample_rate=1)
    with pytest.raises(ValueRangeError, match="8,000 channels"):
        kiseki.Audio(np.zeros((2, 8000)), sample_rate=1)


def test_a_video_file_is_kept_as_it_is(tmp_path: Path, keeper: Remembering) -> None:
    file = tmp_path / "v.mp4"
    file.write_bytes(b"\0\0\0 ftypmp42")
    value = kiseki.Video(file, caption="v").logged(keeper)
    assert (value["_type"], value["caption"]) == ("video-file", "v")
    assert keeper.files[value["path"]] == file.read_bytes()
    stream = kiseki.Video(io.BytesIO(b"webm"), format="webm")
    assert kiseki.Video.logged_together([stream], keeper)["captions"] == [""]
    with pytest.raises(FileError, match="ends in none of gif, mp4"):
        kiseki.Video(__file__)
    with pytest.raises(ValueTypeError, match="needs a format"):
        kiseki.Video(io.BytesIO(b""))
    with pytest.raises(ValueTypeError, match=r"\(time, 1, 3 or 4, height, width\) would be one"):
        kiseki.Video(np.zeros((3, 8, 8)))


def test_encoding_a_video_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.zeros((2, 3, 8, 8), np.uint8)
    for package, format, install in (
        ("PIL", "gif", "pillow"),
        ("imageio", "mp4", "'imageio[ffmpeg]'"),
    ):
        monkeypatch.setitem(__import__("sys").modules, package, None)
        with pytest.raises(MissingPackageError) as error:
            kiseki.Video(frames, format=format)
        assert error.value.hint == f"pip install {install}"


def test_pages_come_from_text_files_and_streams(tmp_path: Path) -> None:
    def text(*arguments: Any, **named: Any) -> str:
        return kiseki.Html(*arguments, **named).content.decode()

    page = tmp_path / "page.html"
    page.write_text("<html><HEAD a><title>t</title></HEAD></html>")
    assert text(str(page)) == ('<html><HEAD a><base target="_blank"><title>t</title></HEAD></html>')
    assert text(page, inject=False) == page.read_text()
    assert text("<b>é</b>", inject=False) == "<b>é</b>"
    assert text(io.StringIO("<i>"), inject=False) == "<i>"
    assert text("name.html", inject=False, data_is_not_path=True) == "name.html"
    with pytest.raises(FileError):
        kiseki.Html("missing.html")
    with pytest.raises(ValueTypeError, match="neither a path nor an open file"):
        kiseki.Html(3)


def test_points_and_scenes_become_json(keeper: Remembering) -> None:
    points = np.arange(6).reshape(2, 3)
    assert json.loads(kiseki.Object3D(points).content) == [[0, 1, 2], [3, 4, 5]]
    scene = {"type": "lidar/beta", "points": points.astype(float), "boxes": [{"label": "b"}]}
    assert json.loads(kiseki.Object3D(scene).content) == {
        "type": "lidar/beta",
        "points": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
        "boxes": [{"label": "b"}],
        "vectors": [],
    }
    obj = kiseki.Object3D(io.StringIO("v 0 0 0"), file_type="obj", caption="o")
    value = kiseki.Object3D.logged_together([obj, kiseki.Object3D(points)], keeper)
    assert [name.partition(".")[2] for name in value["filenames"]] == ["obj", "pts.json"]
    assert value["captions"] == ["o", ""]
    for wrong in (np.zeros((2, 5)), np.zeros(3), np.array([["a", "b", "c"]])):
        with pytest.raises(ValueTypeError, match="Object3D"):
            kiseki.Object3D(wrong)
    with pytest.raises(ValueRangeError, match="no finite numbers"):
        kiseki.Object3D(np.array([[0, 0, np.nan]]))
    with pytest.raises(FileError, match=r"is none of pts\.json, obj"):
        kiseki.Object3D(__file__)


def test_molecules_are_files(tmp_path: Path, keeper: Remembering) -> None:
    (tmp_path / "m.pdb").write_text("ATOM")
    molecules = [
        kiseki.Molecule(tmp_path / "m.pdb", caption="m"),
        kiseki.Molecule(io.StringIO("x"), file_type="sdf"),
    ]
    value = kiseki.Molecule.logged_together(molecules, keeper)
    assert [keeper.files[path] for path in value["filenames"]] == [b"ATOM", b"x"]
    with pytest.raises(FileError, match="is none of pdb"):
        kiseki.Molecule(__file__)


def test_figures_of_plotly_are_json(tmp_path: Path) -> None:
    class Figure:
        def to_json(self) -> str:
            return '{"data": []}'

    assert kiseki.Plotly(Figure()).content == b'{"data": []}'
    with pytest.raises(ValueTypeError, match="takes a figure of Plotly, not int"):
        kiseki.Plotly(3)


def test_histograms_count_what_is_finite(keeper: Remembering) -> None:
    value = kiseki.Histogram([0, 1, 1, 2, float("nan")], num_bins=2).logged(keeper)
    assert value == {"_type": "histogram", "values": [1, 3], "bins": [0.0, 1.0, 2.0]}
    given = kiseki.Histogram(np_histogram=np.histogram([1, 2, 3], bins=3))
    assert (given.histogram, len(given.bins)) == ([1, 1, 1], 4)
    with pytest.raises(ValueRangeError, match="between 1 and 512"):
        kiseki.Histogram([1], num_bins=513)
    with pytest.raises(ValueRangeError, match="one edge more"):
        kiseki.Histogram(np_histogram=([1], [1]))
    with pytest.raises(ValueTypeError, match="are no numbers"):
        kiseki.Histogram(["a"])


def test_histograms_are_the_same_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0.1, 0.2, [0.7, 5], float("inf"), 2]
    flat = [0.1, 0.2, 0.7, 5, float("inf"), 2]
    with_numpy = kiseki.Histogram(flat, num_bins=7)
    monkeypatch.delitem(__import__("sys").modules, "numpy")
    without = kiseki.Histogram(values, num_bins=7)
    assert without.histogram == with_numpy.histogram
    assert without.bins == pytest.approx(with_numpy.bins)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/b", "a/b"),
        ("a\\b:c\n", "a_b_c_"),
        ("../etc", "_/etc"),
        ("aux/x", "aux_/x"),
        ("/a", "_/a"),
        ("猫", "猫"),
    ],
)
def test_keys_become_names_of_files(key: str, name: str) -> None:
    assert safe_key(key) == name


def test_long_keys_stay_apart() -> None:
    first, second = safe_key("é" * 300), safe_key("é" * 300 + "x")
    assert first != second
    assert len(first.encode()) <= 200
