"""Runs over GraphQL: created, changed, resumed and read back."""

from __future__ import annotations

import json
from typing import Any

from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services
from kiseki_server.protocols.wandb import identifiers

CONFIG = {
    "lr": {"value": 0.1},
    "nested": {"value": {"a": 1}},
    "_wandb": {
        "value": {
            "t": {"4": "3.11.7"},
            "m": [{"1": "acc", "7": [2], "6": [3]}],
            "cli_version": "0.31.0",
            "e": {"w": {"host": "vm", "os": "Linux", "startedAt": "2026-01-02T03:04:05Z"}},
        }
    },
}


def test_a_new_run_answers_with_everything_that_the_client_goes_on_with(dialect: Dialect) -> None:
    made = dialect.upsert(config=CONFIG, groupName="g", tags=["a"], notes="n", jobType="train")
    bucket = made["bucket"]
    assert made["inserted"] is True
    assert bucket["displayName"].endswith("-1")
    assert json.loads(bucket["config"]) == CONFIG
    assert (bucket["name"], bucket["historyLineCount"], bucket["sweepName"]) == ("r1", 0, None)
    assert (bucket["project"]["name"], bucket["project"]["entity"]["name"]) == ("p", "admin")
    assert identifiers.run_place(bucket["id"])[1] == "r1"
    run = dialect.native()
    assert run["config"] == {"lr": 0.1, "nested": {"a": 1}}
    assert (run["group"], run["tags"], run["notes"], run["job_type"]) == ("g", ["a"], "n", "train")
    assert run["environment"]["host"] == "vm"
    assert run["environment"]["client"] == "wandb 0.31.0"
    assert [(m["name"], m["summary"]) for m in run["metrics"]] == [("acc", ["max"])]
    assert run["started_at"].startswith("2026-01-02T03:04:05")


def test_null_leaves_things_alone_and_the_config_is_replaced(dialect: Dialect) -> None:
    dialect.upsert(config=CONFIG, groupName="g", tags=["a"], notes="n", displayName="first")
    again = dialect.upsert(config={"other": {"value": [1]}})
    assert again["inserted"] is False
    run = dialect.native()
    assert run["config"] == {"other": [1]}
    assert (run["group"], run["tags"], run["notes"]) == ("g", ["a"], "n")
    assert run["display_name"] == "first"
    dialect.upsert(tags=[])
    assert dialect.native()["tags"] == []
    assert json.loads(dialect.run("config")["config"])["_wandb"] == CONFIG["_wandb"]


def test_a_run_is_changed_by_its_storage_id(dialect: Dialect) -> None:
    id = dialect.upsert()["bucket"]["id"]
    changed = dialect.upsert(name=None, project=None, id=id, displayName="renamed")
    assert changed["bucket"]["id"] == id
    dialect.upsert(name=None, project=None, id=id, summaryMetrics='{"best":1}')
    assert dialect.native()["display_name"] == "renamed"
    assert dialect.native()["summary"] == {"best": 1}


def test_names_keep_their_case_and_may_be_left_to_the_server(dialect: Dialect) -> None:
    names = {dialect.upsert(name=name)["bucket"]["name"] for name in ("Run", "run", None)}
    assert {"Run", "run"} < names
    assert len(names) == 3
    assert dialect.upsert(name="x", project=None)["bucket"]["project"]["name"] == "uncategorized"


def test_a_run_resumes_where_its_lines_end(dialect: Dialect) -> None:
    query = """
      query RunResumeStatus($project: String, $entity: String, $name: String!) {
        model(name: $project, entityName: $entity) {
          name entity { name }
          bucket(name: $name, missingOk: true) {
            id name summaryMetrics displayName logLineCount historyLineCount eventsLineCount
            historyTail eventsTail config tags notes wandbConfig(keys: ["t"])
          }
        }
      }
    """

    def status(name: str, project: str = "p") -> Any:
        return dialect.data(query, project=project, entity="admin", name=name)["model"]

    assert status("r1", "none") is None
    dialect.upsert(config=CONFIG)
    assert status("none")["bucket"] is None
    fresh = status("r1")["bucket"]
    assert [fresh[name] for name in ("historyTail", "eventsTail")] == ["[]", "[]"]
    assert json.loads(fresh["wandbConfig"]) == {"t": {"4": "3.11.7"}}
    dialect.stream(
        files={
            "wandb-history.jsonl": {
                "content": [
                    '{"_step":0,"_runtime":1,"_timestamp":1700000000,"a":1}',
                    '{"_step":7,"_runtime":2.5,"_timestamp":1700000001,"a":2}',
                ]
            },
            "wandb-events.jsonl": {
                "content": ['{"_runtime":1,"_timestamp":1700000000,"system.cpu":3}']
            },
            "wandb-summary.json": {"content": ['{"a":2}']},
            "output.log": {"content": ["one", "two", "three"]},
        }
    )
    found = status("r1")["bucket"]
    counts = [found[f"{kind}LineCount"] for kind in ("history", "events", "log")]
    assert counts == [2, 1, 3]
    assert [json.loads(row) for row in json.loads(found["historyTail"])] == [
        {"_step": 7, "_runtime": 2.5, "_timestamp": 1700000001.0, "a": 2}
    ]
    assert json.loads(json.loads(found["eventsTail"])[0])["system.cpu"] == 3
    assert json.loads(found["summaryMetrics"]) == {"a": 2}
    assert json.loads(found["config"]) == CONFIG


def test_a_run_that_the_client_never_started_has_no_marker(dialect: Dialect) -> None:
    dialect.upsert(state="pending")
    found = dialect.run('state wandbConfig(keys: ["t"])')
    assert found == {"state": "pending", "wandbConfig": "{}"}


def test_history_reads_back_whole_or_by_keys(dialect: Dialect) -> None:
    dialect.upsert()
    rows: list[dict[str, Any]] = [
        {"_step": step, "_timestamp": 1_700_000_000 + step, "_runtime": step / 2, "a": step}
        for step in range(10)
    ]
    rows[4] = {**rows[4], "b": {"c": True}, "t": "text"}
    rows[8] = {**rows[8], "b": {"c": False}}
    dialect.history(*rows)
    found = dialect.run(
        "history(minStep: 3, maxStep: 5, samples: 100) historyKeys "
        'sampledHistory(specs: ["{\\"keys\\": [\\"_step\\", \\"a\\", \\"b.c\\"]}", '
        '"{\\"keys\\": [\\"a\\", \\"a\\"], \\"samples\\": 3, \\"minStep\\": 1, \\"maxStep\\": 9}", '
        '"{\\"keys\\": [\\"_step\\", \\"_timestamp\\"], \\"samples\\": 2}"])'
    )
    assert [json.loads(row) for row in found["history"]] == [
        rows[3],
        {**{k: v for k, v in rows[4].items() if k != "b"}, "b.c": True},
    ]
    assert found["sampledHistory"] == [
        [{"_step": 4, "a": 4, "b.c": True}, {"_step": 8, "a": 8, "b.c": False}],
        [{"a": 1}, {"a": 5}, {"a": 9}],
        [
            {"_step": 0, "_timestamp": 1_700_000_000.0},
            {"_step": 9, "_timestamp": 1_700_000_009.0},
        ],
    ]
    keys = found["historyKeys"]
    assert keys["lastStep"] == 9
    assert keys["keys"]["a"]["previousValue"] == 9
    assert keys["keys"]["a"]["typeCounts"] == [{"type": "number", "count": 10}]
    assert set(keys["keys"]) == {"_step", "_timestamp", "_runtime", "a", "b.c", "t"}
    assert keys["keys"]["b.c"]["typeCounts"] == [{"type": "boolean", "count": 2}]
    assert keys["keys"]["t"]["typeCounts"] == [{"type": "string", "count": 1}]


def test_keys_of_a_history_say_what_types_their_values_have(dialect: Dialect) -> None:
    dialect.upsert()
    image, histogram = {"_type": "image-file", "path": "a"}, {"_type": "histogram", "values": []}
    dialect.history(
        {"_step": 0, "m": 1, "pic": image, "big": 2**60, "list": [1]},
        {"_step": 1, "m": "x", "pic": histogram, "big": 1},
        {"_step": 2, "m": True, "pic": None, "big": float("nan")},
    )
    keys = dialect.run("historyKeys")["historyKeys"]["keys"]
    counts = {
        key: {each["type"]: each["count"] for each in keys[key]["typeCounts"]}
        for key in ("m", "pic", "big", "list")
    }
    assert counts == {
        "m": {"boolean": 1, "number": 1, "string": 1},
        "pic": {"histogram": 1, "image-file": 1, "nil": 1},
        "big": {"number": 3},
        "list": {"list": 1},
    }


def test_an_empty_history_has_no_rows_and_no_last_step(dialect: Dialect) -> None:
    dialect.upsert()
    found = dialect.run("history events historyKeys systemMetrics historyLineCount")
    assert found == {
        "history": [],
        "events": [],
        "historyKeys": {"keys": {}, "sets": [], "lastStep": -1},
        "systemMetrics": None,
        "historyLineCount": 0,
    }


def test_output_reads_back_in_pages_and_from_its_end(dialect: Dialect) -> None:
    dialect.upsert()
    lines = [f"ERROR 2026-01-01T00:00:0{n}.000000 line {n}" for n in range(5)]
    dialect.stream(files={"output.log": {"content": lines}})
    fields = "edges { node { number line level timestamp } } pageInfo { endCursor hasNextPage }"
    first = dialect.run(f"logLineCount logLines(first: 3) {{ {fields} }}")
    assert first["logLineCount"] == 5
    assert first["logLines"]["edges"][0]["node"] == {
        "number": 0,
        "line": "line 0",
        "level": "error",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    cursor = first["logLines"]["pageInfo"]["endCursor"]
    rest = dialect.run(f'logLines(first: 3, after: "{cursor}") {{ {fields} }}')["logLines"]
    assert [edge["node"]["number"] for edge in rest["edges"]] == [3, 4]
    assert rest["pageInfo"]["hasNextPage"] is False
    tail = dialect.run(f"logLines(last: 2) {{ {fields} }}")["logLines"]
    assert [edge["node"]["line"] for edge in tail["edges"]] == ["line 3", "line 4"]


def test_runs_are_listed_filtered_and_ordered(dialect: Dialect) -> None:
    for number in range(5):
        config = {"lr": {"value": number / 10}, "m": {"value": {"depth": number}}}
        dialect.upsert(name=f"r{number}", config=config, tags=["even"] if number % 2 == 0 else [])
    query = """
      query Runs($cursor: String, $perPage: Int = 50, $order: String, $filters: JSONString) {
        project(name: "p", entityName: "admin") {
          runCount(filters: $filters)
          runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
            edges { node { name projectId } cursor } pageInfo { endCursor hasNextPage }
          }
        }
      }
    """

    def names(filters: Any = None, order: str | None = None) -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            text = None if filters is None else json.dumps(filters)
            page = dialect.data(query, cursor=cursor, perPage=2, order=order, filters=text)
            runs = page["project"]["runs"]
            found += [edge["node"]["name"] for edge in runs["edges"]]
            if not runs["pageInfo"]["hasNextPage"]:
                assert page["project"]["runCount"] == len(found)
                return found
            cursor = runs["edges"][-1]["cursor"]

    assert names(order="+created_at") == ["r0", "r1", "r2", "r3", "r4"]
    assert names({}, "-config.lr.value") == ["r4", "r3", "r2", "r1", "r0"]
    assert names({"$and": []}, "+config.m.depth") == ["r0", "r1", "r2", "r3", "r4"]
    assert names({"config.lr": {"$gte": 0.2, "$lt": 0.4}}, "+created_at") == ["r2", "r3"]
    assert names({"tags": {"$in": ["even"]}}, "+created_at") == ["r0", "r2", "r4"]
    assert names({"config.m.value.depth": 3}) == ["r3"]
    refused = dialect.post(query, filters='{"colour": "x"}')
    assert "cannot be filtered" in refused.json()["errors"][0]["message"]


def test_stopping_is_told_to_the_client_once_it_speaks(dialect: Dialect) -> None:
    id = dialect.upsert()["bucket"]["id"]
    assert dialect.stream().json()["stopped"] is False
    stop = "mutation StopRun($id: ID!) { stopRun(input: {id: $id}) { success } }"
    assert dialect.data(stop, id=id) == {"stopRun": {"success": True}}
    assert dialect.stream().json()["stopped"] is True
    assert dialect.run("stopped")["stopped"] is True
    dialect.stream(complete=True, exitcode=0)
    assert dialect.data(stop, id=id) == {"stopRun": {"success": False}}


def test_a_deleted_run_is_gone_for_every_door(dialect: Dialect) -> None:
    id = dialect.upsert()["bucket"]["id"]
    delete = "mutation D($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"
    assert dialect.data(delete, id=id) == {"deleteRun": {"clientMutationId": None}}
    assert dialect.run("id") is None
    assert dialect.stream().status_code == 410
    assert dialect.post(delete, id=id).status_code == 410


def test_a_waiting_run_may_be_failed_from_outside(dialect: Dialect) -> None:
    id = dialect.upsert()["bucket"]["id"]
    mutation = (
        "mutation U($input: UpdateRunStateInput!) { updateRunState(input: $input) { success } }"
    )
    assert dialect.post(mutation, input={"id": id, "state": "finished"}).status_code == 400
    dialect.data(mutation, input={"id": id, "state": "failed"})
    assert dialect.native()["state"] == "failed"


def test_alerts_are_noted_once_in_their_quiet_time(dialect: Dialect, services: Services) -> None:
    dialect.upsert()
    mutation = """
      mutation N($title: String!, $text: String!, $severity: AlertSeverity, $wait: Duration) {
        notifyScriptableRunAlert(input: {
          entityName: "admin", projectName: "p", runName: "r1", title: $title, text: $text,
          severity: $severity, waitDuration: $wait
        }) { success }
      }
    """
    for title, text, severity in (("a", "1", "WARN"), ("a", "2", "WARN"), ("b", "3", None)):
        given = {"title": title, "text": text, "severity": severity, "wait": 60_000}
        assert dialect.data(mutation, **given)["notifyScriptableRunAlert"] == {"success": True}
    with services.database.transaction():
        logged = services.stores.events.since(0)
    alerts = [entry.event.payload for entry in logged if entry.event.kind == "run.alert"]
    assert alerts == [
        {"title": "a", "text": "1", "severity": "warning"},
        {"title": "b", "text": "3", "severity": "info"},
    ]


def test_projects_are_made_once_and_changed_by_what_is_given(dialect: Dialect) -> None:
    mutation = """
      mutation U($input: UpsertModelInput!) {
        upsertModel(input: $input) { inserted model { name description access entityName } }
      }
    """

    def upsert(**given: Any) -> Any:
        return dialect.data(mutation, input={"name": "new", **given})["upsertModel"]

    made = upsert(entityName="admin", description="first")
    assert made == {
        "inserted": True,
        "model": {
            "name": "new",
            "description": "first",
            "access": "PRIVATE",
            "entityName": "admin",
        },
    }
    again = upsert(access="ENTITY_READ")
    assert (again["inserted"], again["model"]["description"]) == (False, "first")
    assert again["model"]["access"] == "ENTITY_READ"
    assert dialect.post(mutation, input={"name": "a/b"}).status_code == 400
    query = '{ models(entityName: "admin") { edges { node { name } } } }'
    assert [e["node"]["name"] for e in dialect.data(query)["models"]["edges"]] == ["new"]


def test_a_name_that_nobody_has_is_free(dialect: Dialect) -> None:
    query = "query G($name: String!) { entity(name: $name) { name available members { name } } }"
    assert dialect.data(query, name="nobody")["entity"] == {
        "name": "nobody",
        "available": True,
        "members": [],
    }
    found = dialect.data(query, name="admin")["entity"]
    assert (found["available"], [m["name"] for m in found["members"]]) == (False, ["admin"])


def test_users_are_found_by_their_exact_name(dialect: Dialect) -> None:
    query = "query S($q: String) { users(query: $q) { edges { node { username } } } }"
    found = dialect.data(query, q="ADMIN")["users"]["edges"]
    assert found == [{"node": {"username": "admin"}}]
    for nobody in ("adm", "", None):
        assert dialect.data(query, q=nobody)["users"]["edges"] == []
