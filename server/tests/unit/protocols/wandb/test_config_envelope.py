from kiseki.wire.records import MetricDefinition
from kiseki_server.protocols.wandb.config_envelope import BranchPoint, environment_of, unwrap

OWN = {
    "cli_version": "0.31.0",
    "python_version": "3.11.7",
    "t": {"4": "3.11.7"},
    "m": [
        {"1": "acc", "6": [3], "7": [2], "8": 2},
        {"2": "train/*", "5": 3, "6": [1, 2]},
        {"1": "gstep"},
        {"1": "named", "4": "gstep", "7": [1, 4, 99]},
        "nonsense",
    ],
    "e": {
        "abc": {
            "host": "vm",
            "os": "Linux",
            "python": "CPython 3.11.7",
            "program": "/home/u/t.py",
            "args": ["--lr", "1"],
            "git": {"remote": "git@example.org:x.git", "commit": "abc"},
            "cpu_count": 2,
            "cpu_count_logical": 4,
            "memory": {"total": "33554432"},
            "gpu": "NVIDIA A",
            "gpu_count": 1,
            "gpu_nvidia": [{"name": "NVIDIA A", "memoryTotal": "1024", "cudaCores": 8}],
        }
    },
}


def test_values_come_out_of_the_envelope_and_own_notes_stay_verbatim() -> None:
    found = unwrap(
        {
            "lr": {"value": 0.1, "desc": None},
            "nested": {"value": {"a": {"value": 1}}},
            "bare": 3,
            "odd": {"value": 1, "other": 2},
            "_wandb": {"value": OWN},
        }
    )
    assert found.config == {
        "lr": 0.1,
        "nested": {"a": {"value": 1}},
        "bare": 3,
        "odd": {"value": 1, "other": 2},
    }
    assert found.own == OWN
    assert found.branch_point is None


def test_numbered_fields_become_metric_definitions() -> None:
    assert unwrap({"_wandb": {"value": OWN}}).metrics == (
        MetricDefinition("acc", summary=["max"], goal="maximize"),
        MetricDefinition("train/*", step_metric="gstep", step_sync=True, hidden=True),
        MetricDefinition("gstep"),
        MetricDefinition("named", step_metric="gstep", summary=["min", "best"]),
    )


def test_the_environment_is_that_of_the_first_writer() -> None:
    assert unwrap({"_wandb": {"value": OWN}}).environment == {
        "host": "vm",
        "os": "Linux",
        "python": "CPython 3.11.7",
        "program": "/home/u/t.py",
        "arguments": ["--lr", "1"],
        "git_remote": "git@example.org:x.git",
        "git_commit": "abc",
        "cpu_count": 2,
        "cpu_count_logical": 4,
        "memory_bytes": 33554432,
        "gpus": [{"name": "NVIDIA A", "memory_bytes": 1024}],
        "client": "wandb 0.31.0",
    }


def test_without_notes_nothing_is_invented() -> None:
    found = unwrap({"a": {"value": 1}})
    assert (found.own, found.metrics, found.environment) == (None, (), {})
    assert environment_of({"git": "x", "memory": 3, "gpu_nvidia": 4}) == {}


def test_a_branch_point_is_noticed() -> None:
    own = {"branch_point": {"run_id": "a", "step": 3}}
    found = unwrap({"_wandb": {"value": own}})
    assert found.branch_point == BranchPoint("a", 3)
