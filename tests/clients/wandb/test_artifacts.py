"""Artifacts of the unmodified client: logged, used, named, linked, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import SUPPORTED
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients

LOG = """
import pathlib, wandb
run = wandb.init(project=PROJECT, id="r1", settings=QUICK)
for number in range(2):
    artifact = wandb.Artifact("data", "dataset", description="pets", metadata={"n": number})
    with artifact.new_file("deep/あ.txt") as file:
        file.write(f"version {number}")
    with artifact.new_file("same.txt") as file:
        file.write("the same")
    run.log_artifact(artifact, aliases=["best"] if number == 0 else None).wait()
run.log({"a": 1, "table": wandb.Table(columns=["x"], data=[[1]])})
run.finish()
"""

READ = """
import json, pathlib, wandb
run = wandb.init(project=PROJECT, id="r2", settings=QUICK)
found = {}
for alias in ("latest", "best", "v0"):
    artifact = run.use_artifact(f"data:{alias}")
    folder = pathlib.Path(artifact.download(root=f"got-{alias}", skip_cache=True))
    text = (folder / "deep" / "あ.txt").read_text()
    found[alias] = [artifact.version, text, artifact.metadata["n"], artifact.description]
    found[alias].append((folder / "same.txt").read_text())
artifact.verify("got-v0")
run.finish()
api = wandb.Api()
made = [each.name for each in api.run(f"{PROJECT}/r1").logged_artifacts()]
used = sorted(each.name for each in api.run(f"{PROJECT}/r2").used_artifacts())
versions = [each.version for each in api.artifacts("dataset", f"{PROJECT}/data")]
by = artifact.logged_by().id
print(json.dumps({"found": found, "made": made, "used": used, "versions": versions, "by": by}))
"""

CHANGE = """
import json, wandb
api = wandb.Api()
first = api.artifact(f"{PROJECT}/data:v0")
first.description, first.metadata["more"] = "described", [1]
first.aliases.append("kept")
first.tags = ["good"]
first.save()
first.link(f"{PROJECT}/chosen", aliases=["pick"])
found = api.artifact(f"{PROJECT}/data:kept")
linked = api.artifact(f"{PROJECT}/chosen:pick")
seen = [found.description, found.metadata, sorted(found.aliases), list(found.tags)]
seen += [linked.is_link, linked.source_name]
linked.unlink()
try:
    found.delete()
    seen.append("deleted")
except Exception as error:
    seen.append("alias" in str(error))
found.delete(delete_aliases=True)
seen.append([each.version for each in api.artifacts("dataset", f"{PROJECT}/data")])
print(json.dumps(seen))
"""


def test_what_was_logged_is_used_and_downloaded_again(client: Client) -> None:
    client.run(LOG.replace("PROJECT", "'art-log'"))
    seen = client.result(READ.replace("PROJECT", "'art-log'"))
    assert seen["found"] == {
        "latest": ["v1", "version 1", 1, "pets", "the same"],
        "best": ["v0", "version 0", 0, "pets", "the same"],
        "v0": ["v0", "version 0", 0, "pets", "the same"],
    }
    assert {"data:v0", "data:v1"} < set(seen["made"])  # and the table that the run logged
    assert seen["used"] == ["data:v0", "data:v1"]
    assert (seen["versions"], seen["by"]) == (["v1", "v0"], "r1")


def test_a_version_is_described_named_linked_and_deleted(client: Client) -> None:
    client.run(LOG.replace("PROJECT", "'art-change'"))
    seen = client.result(CHANGE.replace("PROJECT", "'art-change'"))
    assert seen[0:2] == ["described", {"n": 0, "more": [1]}]
    assert seen[2:4] == [["best", "kept"], ["good"]]
    assert seen[4:] == [True, "data:v0", True, ["v1"]]


TABLES = """
import json, wandb
run = wandb.init(project=PROJECT, id="r-1", settings=QUICK)

def rows(artifact):
    # Increments lie side by side; whoever opens one gets them all.
    path = max(path for path in artifact.manifest.entries if path.endswith(".table.json"))
    return [artifact.version, *artifact.get(path.removesuffix(".table.json")).data]

seen = {}
for mode, name in (("IMMUTABLE", "t"), ("MUTABLE", "m"), ("INCREMENTAL", "incr-i")):
    table, key = wandb.Table(columns=["x", "y"], log_mode=mode), name.removeprefix("incr-")
    seen[mode] = []
    for number, version in enumerate(("latest", "v1", "v2")):
        if mode == "IMMUTABLE":
            table = wandb.Table(columns=["x", "y"])
        table.add_data(number, str(number))
        run.log({key: table})
        seen[mode].append(rows(run.use_artifact(f"run-{run.id}-{name}:{version}")))
run.finish()
seen["used"] = sorted(each.name for each in wandb.Api().run(f"{PROJECT}/r-1").used_artifacts())
seen["latest"] = rows(wandb.Api().artifact(f"{PROJECT}/run-r-1-incr-i:latest"))
print(json.dumps(seen))
"""


def test_tables_are_read_back_right_after_they_were_logged(each: Client) -> None:
    seen = each.result(TABLES.replace("PROJECT", repr(f"art-tables-{each.version}")))
    rows = [[0, "0"], [1, "1"], [2, "2"]]
    growing = [[f"v{n}", *rows[: n + 1]] for n in range(3)]
    used = [f"run-r-1-{name}:v{n}" for name in ("incr-i", "m", "t") for n in range(3)]
    assert seen == {
        "IMMUTABLE": [[f"v{n}", row] for n, row in enumerate(rows)],
        "MUTABLE": growing,
        "INCREMENTAL": growing,
        "used": used,
        "latest": growing[-1],
    }


SINGLE = """
import json, pathlib, wandb
run = wandb.init(project=PROJECT, id="r1", settings=QUICK)
artifact = wandb.Artifact("data", "dataset")
with artifact.new_file("deep/a b あ.txt") as file:
    file.write("one file")
artifact.add(wandb.Table(columns=["x", "y"], data=[[1, "a"], [2, "b"]]), "table")
run.log_artifact(artifact).wait()
second = wandb.Artifact("data", "dataset")
with second.new_file("other.txt") as file:
    file.write("other")
second.add_reference(artifact.get_entry("deep/a b あ.txt"), "linked.txt")
run.log_artifact(second).wait()
run.finish()
found = wandb.Api().artifact(f"{PROJECT}/data:v0")
entry = found.get_entry("deep/a b あ.txt")
seen = [pathlib.Path(entry.download(root="one", skip_cache=True)).read_text()]
seen.append(pathlib.Path(found.get_path("deep/a b あ.txt").download("two")).read_text())
table = found.get("table")
seen += [table.columns, table.data]
again = wandb.Api().artifact(f"{PROJECT}/data:v1")
seen.append(pathlib.Path(again.download("three"), "linked.txt").read_text())
seen.append(str(again.get_entry("linked.txt").ref).startswith("wandb-artifact://"))
print(json.dumps(seen))
"""


def test_single_files_and_objects_are_read(each: Client) -> None:
    seen = each.result(SINGLE.replace("PROJECT", repr(f"art-single-{each.version}")))
    assert seen[:2] == ["one file", "one file"]
    assert seen[2:4] == [["x", "y"], [[1, "a"], [2, "b"]]]
    assert seen[4:] == ["one file", True]


# The newest client sends files from 2 GiB on in parts, from a compiled program. The one before it
# has the same in Python, where the size can be lowered.
IN_PARTS = """
import json, os, pathlib, unittest.mock, wandb
from wandb.sdk.artifacts.artifact_saver import ArtifactSaver
from wandb.sdk.artifacts.storage_policies import wandb_storage_policy as policy
from wandb.sdk.internal.file_pusher import FilePusher
from wandb.sdk.internal.internal_api import Api

policy.MIN_MULTI_UPLOAD_SIZE = 1 << 20
policy.calc_part_size = lambda size: 1 << 20
data = os.urandom((5 << 20) // 2)
pathlib.Path("big.bin").write_bytes(data)
artifact = wandb.Artifact("big", "dataset")
artifact.add_file("big.bin")
wandb.init(project=PROJECT, id="r1", settings=QUICK).finish()
api = Api(default_settings={"entity": "admin", "project": PROJECT})
api.set_current_run_id("r1")
calls = []
for name in ("upload_multipart_file_chunk_retry", "complete_multipart_upload_artifact"):
    def counted(*args, name=name, call=getattr(api, name), **more):
        calls.append(name.partition("_")[0])
        return call(*args, **more)
    setattr(api, name, counted)
pusher = FilePusher(api, unittest.mock.Mock())
manifest = artifact.manifest.to_manifest_json()
manifest["contents"]["big.bin"]["local_path"] = "big.bin"
saver = ArtifactSaver(api, artifact.digest, manifest, pusher)
saver.save("admin", PROJECT, "dataset", "big", artifact._client_id, artifact._sequence_client_id)
pusher.finish()
pusher.join()
found = wandb.Api().artifact(f"admin/{PROJECT}/big:latest")
got = pathlib.Path(found.download(root="got", skip_cache=True), "big.bin").read_bytes()
print(json.dumps([calls, got == data]))
"""


def test_a_large_file_comes_in_parts(server_process: ServerProcess, tmp_path: Path) -> None:
    client = Client(SUPPORTED[1], server_process, tmp_path / "client")
    seen = client.result(IN_PARTS.replace("PROJECT", "'art-parts'"))
    assert seen == [["upload", "upload", "upload", "complete"], True]
