"""Publishing and reading back with the real client."""

from __future__ import annotations

import pytest
from tests.clients.weave.conftest import Client

pytestmark = pytest.mark.clients


def test_values_come_back(each: Client) -> None:
    project = f"weave-values-{each.version.replace('.', '-')}"
    each.run(
        f"""
        client = weave.init("admin/{project}")
        value = {{"a": [1, 1.0, None, True, 10**30], "é": "あ🙂", "b/c": {{"": "x"}}}}
        ref = weave.publish(value, name="thing")
        client.flush()
        got = ref.get()
        assert json.dumps(got) == json.dumps(value), got
        assert weave.ref("thing:latest").get()["a"][1] == 1.0
        assert weave.ref("thing:v0").get()["é"] == "あ🙂"
        again = weave.publish(value, name="thing")
        assert again.digest == ref.digest
        other = weave.publish({{"a": 2}}, name="thing")
        assert other.digest != ref.digest
        assert weave.ref("thing:v1").get() == {{"a": 2}}
        """
    )


def test_own_classes_prompts_and_nesting(client: Client) -> None:
    client.run(
        """
        weave.init("admin/weave-classes")

        class Settings(weave.Object):
            depth: int
            rate: float

        class Machine(weave.Model):
            settings: Settings
            prompt: weave.StringPrompt

        prompt = weave.StringPrompt("Say {what}")
        machine = Machine(settings=Settings(depth=2, rate=1.0), prompt=prompt)
        ref = weave.publish(machine, name="machine")
        got = ref.get()
        assert (got.settings.depth, got.settings.rate) == (2, 1.0), got
        assert got.prompt.content == "Say {what}", got.prompt
        assert got.ref.digest == ref.digest
        messages = [{"role": "user", "content": "hi {name}"}]
        prompt = weave.MessagesPrompt(messages)
        got = weave.publish(prompt, name="talk").get()
        assert got.format(name="Ada") == [{"role": "user", "content": "hi Ada"}]
        """
    )


def test_tags_aliases_and_deletion(client: Client) -> None:
    client.run(
        """
        client = weave.init("admin/weave-tags")
        ref = weave.publish({"a": 1}, name="num")
        client.add_tags(ref, ["prod", "two words"])
        client.set_aliases(ref, ["best"])
        assert client.get_tags(ref) == ["prod", "two words"], client.get_tags(ref)
        assert "best" in client.get_aliases(ref), client.get_aliases(ref)
        second = weave.publish({"a": 2}, name="num")
        assert weave.ref("num:best").get() == {"a": 1}
        client.set_aliases(second, ["best"])
        assert weave.ref("num:best").get() == {"a": 2}
        client.remove_tags(ref, ["prod"])
        assert client.get_tags(ref) == ["two words"]
        assert client.list_tags() == ["two words"], client.list_tags()
        assert "best" in client.list_aliases(), client.list_aliases()
        client.remove_aliases(second, ["best"])
        client.delete_object_version(second)
        assert weave.ref("num:latest").get() == {"a": 1}
        try:
            second.get()
        except ValueError as error:
            assert "has been deleted" in str(error), error
        else:
            raise AssertionError("still there")
        """
    )


def test_the_client_computes_the_same_digests(client: Client) -> None:
    program = client.run(
        """
        import logging
        logging.basicConfig(level=logging.INFO)
        client = weave.init("admin/weave-digests")

        class Inner(weave.Object):
            x: float

        class Outer(weave.Object):
            inner: Inner
            note: str

        ref = weave.publish(Outer(inner=Inner(x=1.0), note="é"), name="outer")
        client.flush()
        again = weave.ref(f"outer:{ref.digest}").get()
        assert again.inner.x == 1.0
        assert client.project_id_resolver.get_internal_project_id("admin/weave-digests")
        assert not client.project_id_resolver.is_disabled
        """,
        WEAVE_ENABLE_CLIENT_SIDE_DIGESTS="true",
    )
    assert "validation failed" not in program.output
    assert " 409 " not in client.server.output()
