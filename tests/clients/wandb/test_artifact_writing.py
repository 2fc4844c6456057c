"""Ways of writing artifacts beside the plain one: changed, by several processes, without bytes of
their own, for a time."""

from __future__ import annotations

import pytest
from tests.clients.wandb.conftest import Client

pytestmark = pytest.mark.clients

BY_CHANGES = """
import json, pathlib, wandb
run = wandb.init(project="written-by-changes", id="r1", settings=QUICK)

def add(artifact, name, text):
    with artifact.new_file(name) as file:
        file.write(text)

def files(version):
    folder = pathlib.Path(run.use_artifact(f"data:{version}").download(version, skip_cache=True))
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}

first = wandb.Artifact("data", "dataset")
for name in "abc":
    add(first, f"{name}.txt", name)
run.log_artifact(first).wait()
draft = first.new_draft()
draft.remove("b.txt")
draft.remove("c.txt")
add(draft, "c.txt", "changed")
add(draft, "d.txt", "d")
run.log_artifact(draft).wait()
more = wandb.Artifact("data", "dataset", incremental=True)
add(more, "e.txt", "e")
add(more, "a.txt", "changed, too")
run.log_artifact(more).wait()
seen = [files(f"v{number}") for number in range(3)]
run.finish()
print(json.dumps(seen))
"""


def test_a_version_is_made_from_another(each: Client) -> None:
    program = BY_CHANGES.replace("written-by-changes", f"written-by-changes-{each.version}")
    assert each.result(program) == [
        {"a.txt": "a", "b.txt": "b", "c.txt": "c"},
        {"a.txt": "a", "c.txt": "changed", "d.txt": "d"},
        {"a.txt": "changed, too", "c.txt": "changed", "d.txt": "d", "e.txt": "e"},
    ]


WRITER = """
import wandb
run = wandb.init(project="distributed", id="NAME", group="all", settings=QUICK)
artifact = wandb.Artifact("shared", "dataset")
with artifact.new_file("NAME.txt") as file:
    file.write("of NAME")
run.upsert_artifact(artifact, distributed_id="together")
run.finish()
"""
FINISH = """
import json, pathlib, wandb
before = wandb.Api().artifact_exists("distributed/shared:v0")
run = wandb.init(project="distributed", id="last", group="all", settings=QUICK)
artifact = wandb.Artifact("shared", "dataset")
with artifact.new_file("last.txt") as file:
    file.write("of last")
run.finish_artifact(artifact, aliases=["whole"], distributed_id="together").wait()
run.finish()
api = wandb.Api()
found = api.artifact("distributed/shared:whole")
folder = pathlib.Path(found.download("got", skip_cache=True))
texts = {path.name: path.read_text() for path in folder.iterdir()}
count = len(list(api.artifacts("dataset", "distributed/shared")))
print(json.dumps([before, found.version, count, texts]))
"""


def test_several_processes_write_one_version(client: Client) -> None:
    writers = [client.start(WRITER.replace("NAME", name)) for name in ("left", "right")]
    assert [writer.wait(client.patience) for writer in writers] == [0, 0]
    before, version, count, texts = client.result(FINISH)
    assert (before, version, count) == (False, "v0", 1)
    assert texts == {"left.txt": "of left", "right.txt": "of right", "last.txt": "of last"}


REFERENCES = """
import json, pathlib, wandb
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
run = wandb.init(project="references", id="r1", settings=QUICK)
pathlib.Path("near.txt").write_text("near")
near = pathlib.Path("near.txt").absolute()
source = wandb.Artifact("source", "dataset")
with source.new_file("own.txt") as file:
    file.write("own")
run.log_artifact(source).wait()
artifact = wandb.Artifact("far", "dataset")
artifact.add_reference(f"file://{near}", name="file.txt")
artifact.add_reference("http://127.0.0.1:9/x.bin", name="http.bin", checksum=False)
artifact.add_reference("tracked://somewhere/x", name="tracked")
artifact.add_reference(source.get_entry("own.txt"), name="other.txt")
# The libraries of these stores are not needed to say where something is.
for scheme, extra in (("s3", {"etag": "e", "versionID": "1"}), ("gs", {"versionID": "7"})):
    artifact.manifest.add_entry(ArtifactManifestEntry(
        path=f"{scheme}.bin", digest="etag", ref=f"{scheme}://bucket/key", size=3, extra=extra
    ))
run.log_artifact(artifact).wait()
run.finish()
found = wandb.Api().artifact("references/far:latest")
seen = {
    path: [str(entry.ref).partition(":")[0], entry.size, entry.extra]
    for path, entry in found.manifest.entries.items()
}
texts = [pathlib.Path(found.get_entry("file.txt").download("got")).read_text()]
texts.append(pathlib.Path(found.get_entry("other.txt").download("got")).read_text())
print(json.dumps([seen, texts, found.get_entry("s3.bin").ref, found.file_count, found.size]))
"""


def test_references_say_where_the_bytes_are(client: Client) -> None:
    seen, texts, ref, count, size = client.result(REFERENCES)
    extras = {path: extra for path, (_, _, extra) in seen.items() if extra}
    assert {path: scheme for path, (scheme, _, _) in seen.items()} == {
        "file.txt": "file",
        "http.bin": "http",
        "tracked": "tracked",
        "other.txt": "wandb-artifact",
        "s3.bin": "s3",
        "gs.bin": "gs",
    }
    assert extras["s3.bin"] == {"etag": "e", "versionID": "1"}
    assert extras["gs.bin"] == {"versionID": "7"}
    assert (texts, ref) == (["near", "own"], "s3://bucket/key")
    assert (count, size) == (6, sum(found or 0 for _, found, _ in seen.values()))


LIFE = """
import json, wandb
from datetime import timedelta
run = wandb.init(project="life", id="r1", settings=QUICK)
artifact = wandb.Artifact("data", "dataset")
artifact.ttl = timedelta(days=2)
with artifact.new_file("a.txt") as file:
    file.write("a")
run.log_artifact(artifact, aliases=["mine"]).wait()
run.finish()

def found():
    return wandb.Api().artifact("life/data:mine")

first = found()
seen = [first.ttl.total_seconds()]
first.ttl = timedelta(days=3)
first.save()
second = found()
seen.append(second.ttl.total_seconds())
second.ttl = None
second.save()
third = found()
seen.append(third.ttl)
third.ttl = wandb.ArtifactTTL.INHERIT
third.save()
seen.append(found().ttl)
try:
    first.delete()
except Exception as error:
    seen.append("alias" in str(error))
collection = wandb.Api().artifact_collection("dataset", "life/data")
collection.description = "said"
collection.tags = ["one"]
collection.name = "renamed"
collection.save()
again = wandb.Api().artifact_collection("dataset", "life/renamed")
seen += [again.description, list(again.tags), sorted(again.aliases)]
again.delete()
seen.append(wandb.Api().artifact_collection_exists("renamed", "dataset"))
print(json.dumps(seen))
"""


def test_a_version_lives_for_a_time_and_its_collection_is_changed(client: Client) -> None:
    assert client.result(LIFE) == [
        2 * 86400, 3 * 86400, None, None, True, "said", ["one"], ["latest", "mine"], False,
    ]  # fmt: skip
