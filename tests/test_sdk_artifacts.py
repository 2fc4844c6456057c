"""Artifacts of our own SDK, from the program to the server and back."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.processes import BIN, Program, ServerProcess, eventually

import kiseki
from kiseki._transport import artifact_upload
from kiseki._transport.artifact_upload import ArtifactUpload
from kiseki._transport.client import Client, SendError
from kiseki.errors import FileError, NotFoundError, ServerError, UsageError
from kiseki.wire.artifacts import PLAN, Plan, PlannedEntry

PROJECT = "sdk-artifacts"


def environment(server: ServerProcess, directory: Path) -> dict[str, str]:
    return {
        **server.client_environment,
        "KISEKI_SYSTEM_METRICS": "false",
        "KISEKI_ENVIRONMENT": "false",
        "KISEKI_PROJECT": PROJECT,
        "KISEKI_FINISH_TIMEOUT": "60",
        "KISEKI_RETRY_TIMEOUT": "60",
        "KISEKI_CACHE_DIR": str(directory / "cache"),
        "KISEKI_SILENT": "true",
    }


def run(server: ServerProcess, directory: Path, code: str, expected: int = 0) -> list[str]:
    program = Program(code, environment=environment(server, directory), directory=directory)
    assert program.wait(120) == expected, program.output
    return program.lines


@pytest.fixture
def here(
    server_process: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServerProcess]:
    """This very process as the user's program."""
    for name in [name for name in os.environ if name.startswith("KISEKI_")]:
        monkeypatch.delenv(name)
    for name, value in environment(server_process, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KISEKI_CONSOLE", "off")
    monkeypatch.chdir(tmp_path)
    yield server_process
    kiseki.finish()


def versions(server: ServerProcess, name: str) -> Any:
    path = f"/projects/admin/{PROJECT}/artifacts/collections/{name}/versions"
    status, page = server.request("GET", path)
    return page["items"] if status == 200 else []


def write(path: str, content: str | bytes) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_files_are_logged_as_they_were_and_come_back(here: ServerProcess) -> None:
    write("data/a.txt", "one")
    write("data/sub/é b.txt", "two")
    write("empty", "")
    artifact = kiseki.Artifact("back", "dataset", description="D", metadata={"n": 2})
    artifact.add_dir("data", name="d")
    artifact.add_file("empty")
    with artifact.new_file("notes/n.txt") as file:
        file.write("written")
    with kiseki.init(id="back") as run:
        run.log_artifact(artifact, aliases=["best"], tags=["gold"])
        write("data/a.txt", "changed")
        used = run.use_artifact("back:best", type="dataset")
        assert (used.name, used.version, used.aliases) == ("back:v0", "v0", ["best", "latest"])
        assert (used.description, used.metadata, used.tags) == ("D", {"n": 2}, ["gold"])
        assert used.digest == artifact.digest
        folder = Path(used.download("there"))
    files = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.*")}
    assert files == {"d/a.txt": "one", "d/sub/é b.txt": "two", "notes/n.txt": "written"}
    assert (folder / "empty").read_bytes() == b""
    used.verify(folder)
    assert (artifact.qualified_name, artifact.size, artifact.file_count) == (
        f"admin/{PROJECT}/back:v0",
        13,
        4,
    )
    for side in ("inputs", "outputs"):
        (item,) = here.get(f"/projects/admin/{PROJECT}/runs/back/{side}")["items"]
        assert item["id"] == artifact.id


def test_the_same_files_are_no_new_version(here: ServerProcess) -> None:
    write("a.txt", "same")
    with kiseki.init() as run:
        first = run.log_artifact("a.txt", name="same", type="t").wait()
        second = run.log_artifact("a.txt", name="same", type="t", aliases=["again"]).wait()
    assert (first.id, first.version) == (second.id, second.version)
    assert second.aliases == ["again", "latest"]


def test_a_draft_sends_what_changed_alone(here: ServerProcess) -> None:
    for number in range(5):
        write(f"data/{number}.txt", f"file {number}")
    with kiseki.init() as run:
        first = run.log_artifact("data", name="draft", type="t").wait()
        draft = first.new_draft()
        draft.remove("0.txt")
        draft.add_file(write("new.txt", "new"))
        draft.add_file(write("1.txt", "other"), overwrite=True)
        second = run.log_artifact(draft).wait()
        assert sorted(second.entries) == ["1.txt", "2.txt", "3.txt", "4.txt", "new.txt"]
        folder = Path(second.download())
        assert (folder / "1.txt").read_text() == "other"
        assert (folder / "2.txt").read_text() == "file 2"
        plans = [
            msgspec.json.decode(plan.read_bytes(), type=Plan)
            for plan in Path(run.dir).glob("artifacts/*/artifact.json")
        ]
    (entries,) = [plan.entries for plan in plans if plan.base == first.id]
    assert {entry.path for entry in entries if entry.source} == {"1.txt", "new.txt"}


def test_media_are_added_and_gotten_back(here: ServerProcess) -> None:
    numpy = pytest.importorskip("numpy")
    image = kiseki.Image(numpy.zeros((2, 3)), caption="c")
    table = kiseki.Table(columns=["n", "image"], data=[[1, image], [2, None]])
    artifact = kiseki.Artifact("media", "t")
    artifact.add(table, "rows")
    artifact["picture"] = image
    artifact["histogram"] = kiseki.Histogram([1, 2])
    with kiseki.init() as run:
        run.log_artifact(artifact)
        found = run.use_artifact("media:latest")
    rows = found.get("rows")
    assert (rows.columns, rows.data[1]) == (["n", "image"], [2, None])
    assert (rows.data[0][1].content, rows.data[0][1].caption) == (image.content, "c")
    assert found.get("picture").width == 3
    assert sum(found["histogram"].histogram) == 2
    assert found.get("nothing") is None


def test_a_logged_table_can_be_used_in_the_next_line(here: ServerProcess) -> None:
    with kiseki.init(id="tables") as run:
        for number in range(3):
            run.log({"my/table": kiseki.Table(columns=["n"], data=[[number]])})
            found = run.use_artifact("run-tables-my_table:latest")
            assert (found.version, found.type) == (f"v{number}", "run_table")
            assert found.get("table").data == [[number]]


def test_changes_of_a_logged_version_are_saved(here: ServerProcess) -> None:
    with kiseki.init() as run:
        artifact = run.log_artifact(write("a.txt", "x"), name="changed", type="t").wait()
    artifact.description, artifact.metadata = "new", {"k": [1]}
    artifact.aliases = ["prod"]
    artifact.tags = ["one", "two words"]
    artifact.ttl = 3600
    artifact.save()
    (item,) = versions(here, "changed")
    assert (item["description"], item["metadata"], item["tags"], item["ttl"]) == (
        "new",
        {"k": [1]},
        ["one", "two words"],
        3600,
    )
    assert item["aliases"] == ["prod"]
    artifact.tags, artifact.aliases = [], ["latest"]
    artifact.save()
    (item,) = versions(here, "changed")
    assert (item["tags"], item["aliases"]) == ([], ["latest"])


def test_versions_are_linked_and_deleted(here: ServerProcess) -> None:
    with kiseki.init() as run:
        artifact = run.log_artifact(write("a.txt", "x"), name="linked", type="t")
        run.link_artifact(artifact, "portfolio", aliases=["shown"])
        (item,) = eventually(lambda: versions(here, "portfolio"))
        assert set(item["aliases"]) == {"latest", "shown"}
    link = artifact.link(f"{PROJECT}/second", aliases=["there"])
    assert (link.name, link.id) == ("second:v0", artifact.id)
    assert Path(link.download()).joinpath("a.txt").read_text() == "x"
    link.unlink()
    with pytest.raises(ServerError, match="alias"):
        artifact.delete()
    artifact.delete(delete_aliases=True)
    with pytest.raises(NotFoundError):
        kiseki.init().use_artifact("linked:v0")


def test_a_registry_is_a_project_of_the_organisation(here: ServerProcess) -> None:
    session = here.get("/session")
    organization = session["organizations"][0]["name"]
    status, _ = here.request(
        "POST", f"/orgs/{organization}/registries", {"name": "sdk-models", "visibility": "private"}
    )
    if status == 400:
        status, _ = here.request("POST", f"/orgs/{organization}/registries", {"name": "sdk-models"})
    assert status in (200, 201)
    with kiseki.init() as run:
        artifact = run.log_artifact(write("m.bin", "weights"), name="registered", type="model")
        artifact.wait()
        run.link_artifact(artifact, "wandb-registry-sdk-models/best", aliases=["production"])
        found = eventually(
            lambda: _or_none(run, "wandb-registry-sdk-models/best:production"), every=0.2
        )
        assert found.id == artifact.id


def _or_none(run: kiseki.Run, name: str) -> Any:
    try:
        return run.use_artifact(name)
    except NotFoundError:
        return None


def test_references_name_what_is_elsewhere(here: ServerProcess) -> None:
    for name in ("x.txt", "sub/y.txt"):
        write(f"store/{name}", name)
    artifact = kiseki.Artifact("references", "t")
    artifact.add_reference(Path("store").absolute().as_uri(), name="all")
    artifact.add_reference("s3://bucket/key.bin")
    with kiseki.init() as run:
        run.log_artifact(artifact).wait()
        found = run.use_artifact("references:v0")
    assert {path: entry.ref for path, entry in found.entries.items()} == {
        "all/x.txt": Path("store/x.txt").absolute().as_uri(),
        "all/sub/y.txt": Path("store/sub/y.txt").absolute().as_uri(),
        "key.bin": "s3://bucket/key.bin",
    }
    with pytest.raises(FileError, match=r"is kept at s3://bucket/key\.bin"):
        found.download()
    folder = Path(found.download(allow_missing_references=True))
    assert (folder / "all/sub/y.txt").read_text() == "sub/y.txt"
    with pytest.raises(FileError, match="there is nothing at"):
        artifact.new_draft().add_reference("file:///nothing/here")


def test_downloads_are_cached_and_checked(here: ServerProcess) -> None:
    with kiseki.init() as run:
        artifact = run.log_artifact(write("a.txt", "first bytes"), name="cached", type="t").wait()
    folder = Path(artifact.download("one"))
    (cached,) = [p for p in Path("cache/artifacts").rglob("*") if p.is_file()]
    assert not cached.samefile(folder / "a.txt")
    (folder / "a.txt").write_text("spoiled one")
    with pytest.raises(FileError, match=r"a\.txt has other bytes"):
        artifact.verify(folder)
    (folder / "more.txt").write_text("?")
    cached.write_text("spoiled too")  # as long as what it was
    artifact.download("one")
    assert (folder / "a.txt").read_text() == "first bytes"
    assert cached.read_text() == "first bytes"
    with pytest.raises(FileError, match=r"more\.txt is not of it"):
        artifact.verify(folder)


def test_mistakes_are_told_in_the_call(here: ServerProcess) -> None:
    artifact = kiseki.Artifact("mistakes", "t")
    for wrong in ("a/b", "a:b", "", " a"):
        with pytest.raises(UsageError, match="cannot be called"):
            kiseki.Artifact(wrong, "t")
    with pytest.raises(FileError, match="there is no file 'missing'"):
        artifact.add_file("missing")
    artifact.add_file(write("a.txt", "a"))
    artifact.add_file("a.txt")  # the same again is nothing new
    with pytest.raises(UsageError, match=r"another file 'a\.txt'"):
        artifact.add_file(write("b/a.txt", "b"))
    with pytest.raises(UsageError, match=r"contains `\.\.`"):
        artifact.add_file("a.txt", name="../a.txt")
    with pytest.raises(UsageError, match="no id before it is logged"):
        _ = artifact.id
    with kiseki.init() as run:
        with pytest.raises(NotFoundError, match="has no artifact `nothing`"):
            run.use_artifact("nothing:latest")
        with pytest.raises(UsageError, match="is no name of an artifact"):
            run.use_artifact("a/b/c/d:v0")
        with pytest.raises(FileError, match="neither a file nor a folder"):
            run.log_artifact("nowhere")
        run.log_artifact(artifact).wait()
        with pytest.raises(UsageError, match="its files cannot change any more"):
            artifact.add_file("a.txt", name="c.txt")
        other = run.log_artifact("a.txt", name="mistakes", type="another")
        with pytest.raises(ServerError, match="is of the type `t`, not `another`"):
            other.wait()
        receipt = run.finish()
    assert not receipt.complete
    assert "rejected.jsonl" in receipt.message


def test_an_artifact_can_be_saved_without_a_run(here: ServerProcess) -> None:
    artifact = kiseki.Artifact("alone", "t")
    artifact.add_file(write("a.txt", "x"))
    artifact.save(project=f"admin/{PROJECT}")
    assert (artifact.name, artifact.logged_by()) == ("alone:v0", None)
    assert not list(Path("cache/staging").iterdir())


def test_a_draft_that_is_never_logged_leaves_nothing(here: ServerProcess) -> None:
    artifact = kiseki.Artifact("dropped", "t")
    artifact.add_file(write("a.txt", "x"))
    assert list(Path("cache/staging").iterdir())
    del artifact
    assert not list(Path("cache/staging").iterdir())


def test_a_disabled_run_keeps_no_artifacts(here: ServerProcess) -> None:
    run = kiseki.init(mode="disabled")
    artifact = run.log_artifact(write("a.txt", "x"), name="disabled", type="t").wait()
    assert artifact.state == "committed"
    run.finish()
    assert versions(here, "disabled") == []


KILLED = """
import kiseki, os, pathlib, signal
run = kiseki.init(id="killed")
for i in range(20):
    pathlib.Path("f.txt").write_text(f"version {i}" * 1000)
    run.log_artifact("f.txt", name="killed", type="t", aliases=[f"a{i}"])
    pathlib.Path("f.txt").write_text("spoiled")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_log_artifact_took_survives_the_kill_of_the_program(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    run(server_process, tmp_path, KILLED, expected=-9)
    found = eventually(lambda: (v := versions(server_process, "killed")) and len(v) == 20 and v)
    assert [(item["index"], item["aliases"][0]) for item in reversed(found)] == [
        (i, f"a{i}") for i in range(20)
    ]
    assert [item["size"] for item in reversed(found)] == [
        len(f"version {i}" * 1000) for i in range(20)
    ]
    folder = next((tmp_path / "kiseki-runs").iterdir())
    eventually(lambda: not list(folder.glob("artifacts/*/files/*")))  # the bytes are on the server


def test_artifacts_of_an_offline_run_come_with_its_sync(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    work, other = tmp_path / "work", tmp_path / "other"
    work.mkdir()
    code = """
import kiseki, pathlib
run = kiseki.init(id="offline", mode="offline")
pathlib.Path("a.txt").write_text("content")
artifact = run.log_artifact("a.txt", name="offline", type="t")
try:
    artifact.wait()
except kiseki.errors.UsageError as error:
    print(error.hint)
run.finish()
pathlib.Path("a.txt").unlink()
"""
    lines = run(server_process, work, code)
    assert any(line.startswith("kiseki sync ") for line in lines)
    work.rename(other)
    for _ in range(2):
        done = subprocess.run(
            [BIN / "kiseki", "sync", "--json", other / "kiseki-runs"],
            env={"PATH": "/usr/bin:/bin", "HOME": str(other), **server_process.client_environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        (item,) = json.loads(done.stdout)["items"]
        assert (item["result"], item["rejected"]) == ("complete", 0)
        assert [item["index"] for item in versions(server_process, "offline")] == [0]


class Cut(Client):
    """Breaks off after some requests, as a network does."""

    left = 0

    def put(self, *arguments: Any, **named: Any) -> None:
        Cut.left -= 1
        if Cut.left < 0:
            raise SendError("retry", kiseki.wire.batch.Problem(error="cut", message="cut"))
        super().put(*arguments, **named)


def test_a_large_file_goes_on_where_it_broke_off(
    here: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact_upload, "PART_BYTES", 1 << 16)
    monkeypatch.setattr(artifact_upload, "PARTS_FROM", 1 << 17)
    monkeypatch.setattr(artifact_upload, "Client", Cut)
    content = bytes(range(256)) * 4000  # 16 parts
    write("root/files/1", content)
    entry = PlannedEntry(path="big.bin", size=len(content), source="files/1")
    plan = Plan(id="large-file", type="t", collection="large", entries=[entry])
    folder = tmp_path / "root" / "plan"
    write("root/plan/artifact.json", msgspec.json.encode(plan))
    here.request("POST", "/projects", {"entity": "admin", "name": PROJECT})
    sent: list[int] = []

    def upload() -> Any:
        client = Cut(here.url, here.key)
        root = tmp_path / "root"
        work = ArtifactUpload(root, folder, "admin", PROJECT, None, client, sent.append)
        try:
            return work.run()
        finally:
            client.close()

    Cut.left = 10
    with pytest.raises(SendError, match="cut"):
        upload()
    Cut.left = 6
    result = upload()
    assert (result.index, Cut.left) == (0, 0)
    assert upload().version == result.version
    assert not (tmp_path / "root/files/1").exists()
    artifact = kiseki.init().use_artifact("large:v0")
    assert Path(artifact.download("got")).joinpath("big.bin").read_bytes() == content
    assert (folder / PLAN).exists()
