"""Feedback and prices with the real client."""

from __future__ import annotations

import pytest
from tests.clients.weave.conftest import Client

pytestmark = pytest.mark.clients


def test_reactions_notes_and_own_feedback(client: Client) -> None:
    client.run(
        """
        client = weave.init("admin/weave-feedback")

        @weave.op
        def answer(question):
            return question.upper()

        _, call = answer.call("hi")
        client.flush()
        call.feedback.add_reaction("👍")
        call.feedback.add_note("well said")
        call.feedback.add("correctness", {"value": 5})
        client.flush()
        found = {item.feedback_type: item.payload for item in call.feedback}
        assert found["wandb.reaction.1"]["emoji"] == "👍", found
        assert found["wandb.note.1"] == {"note": "well said"}
        assert found["correctness"] == {"value": 5}
        assert len(list(client.get_feedback())) == 3
        assert len(list(client.get_feedback(reaction="👍"))) == 1
        (note,) = [item for item in call.feedback if item.feedback_type == "wandb.note.1"]
        call.feedback.purge(note.id)
        assert len(call.feedback.refresh()) == 2
        """
    )


def test_prices(client: Client) -> None:
    client.run(
        """
        client = weave.init("admin/weave-prices")
        client.add_cost(llm_id="own", prompt_token_cost=1e-6, completion_token_cost=2e-6)
        (known,) = client.query_costs()
        assert (known.llm_id, known.prompt_token_cost) == ("own", 1e-6), known
        client.purge_costs(known.id)
        assert client.query_costs() == []
        """
    )
