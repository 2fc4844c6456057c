"""What ``import kiseki`` brings, and how little it loads."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import kiseki

LIST_MODULES = """
import sys
before = set(sys.modules)
import kiseki
{use}
loaded = sorted(set(sys.modules) - before)
print("\\n".join(loaded))
"""


def loaded_by(use: str) -> set[str]:
    code = LIST_MODULES.format(use=use)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def foreign(modules: set[str]) -> set[str]:
    tops = {name.partition(".")[0] for name in modules}
    return tops - set(sys.stdlib_module_names) - {"kiseki"}


def test_the_import_loads_nothing_foreign() -> None:
    loaded = loaded_by("")
    assert foreign(loaded) == set()
    assert {name for name in loaded if name.startswith("kiseki")} == {"kiseki"}


def test_everything_together_loads_msgspec_alone() -> None:
    loaded = loaded_by("for name in kiseki.__all__: getattr(kiseki, name)")
    # typing_extensions is msgspec's own choice where it happens to be installed.
    assert foreign(loaded) - {"typing_extensions"} == {"msgspec"}
    assert not {"socket", "ssl", "http.client", "subprocess", "asyncio"} & loaded


def test_a_run_opens_no_socket_and_leaves_the_random_numbers_alone() -> None:
    loaded = loaded_by("kiseki.init('p', mode='disabled').log({'a': 1}); kiseki.finish()")
    assert not {"socket", "ssl", "http.client", "random", "numpy"} & loaded


ONLINE = """
import sys
seen = []
def watch(event, arguments):
    if event.startswith(("socket.", "http.", "urllib.")):
        seen.append((event, arguments))
sys.addaudithook(watch)
import kiseki
settings = {"silent": True, "system_metrics": False, "upload_deadline": 0, "retry_timeout": 0.1}
run = kiseki.init("p", base_url="http://127.0.0.1:1", api_key="k", settings=settings)
run.log({"a": 1})
run.finish()
print(seen)
"""


def test_the_program_itself_opens_no_socket(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ONLINE]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_public_names_exist() -> None:
    for name in kiseki.__all__:
        if name != "run":
            assert getattr(kiseki, name) is not None
        assert name in dir(kiseki)
    with pytest.raises(AttributeError, match="'kiseki' has no attribute 'nothing'"):
        _ = kiseki.nothing


def test_the_current_run_hides_the_package_of_that_name() -> None:
    from kiseki.run.values import flatten

    assert flatten({"a": {"b": 1}}) == {"a.b": 1}
    assert kiseki.run is None


def test_the_version_is_that_of_the_distribution() -> None:
    assert kiseki.__version__ == metadata.version("kiseki")


def test_public_things_are_documented() -> None:
    for name in kiseki.__all__:
        thing = getattr(kiseki, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert (inspect.getdoc(thing) or "").strip(), name
    for name, member in inspect.getmembers(kiseki.Run, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name
