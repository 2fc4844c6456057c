"""Ops, models, prompts and datasets as the weave client sends them, for tests and pictures."""

from __future__ import annotations

import base64
import json
import urllib.request
import uuid
from typing import Any

from tests.processes import ServerProcess
from tests.traces import call, send

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGklEQVR4nGPwbdtDEmIY1TCqYVTDqIbRhlENADoo"
    "sRDqmkXYAAAAAElFTkSuQmCC"
)

CODE = '''@weave.op
def retrieve(question: str, top: int = {top}) -> list[str]:
    """The products that fit a question best."""
    found = index.search(question, top)
    # 同じ商品は一度だけ
    return [product.title for product in found]
'''


class Assets:
    """Publishes into one project over the weave client's routes."""

    def __init__(self, server: ServerProcess, project: str) -> None:
        self.server = server
        self.project = project

    def post(self, path: str, body: Any, content_type: str = "application/json") -> Any:
        request = urllib.request.Request(
            f"{self.server.url}/traces{path}",
            data=body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.server.key}",
                "Content-Type": content_type,
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    @property
    def place(self) -> str:
        return f"admin/{self.project}"

    def publish(self, name: str, value: Any) -> str:
        """The reference of the version."""
        sent = {"project_id": self.place, "object_id": name, "val": value}
        digest = self.post("/obj/create", {"obj": sent})["digest"]
        is_op = isinstance(value, dict) and "weave_type" in value
        return f"weave:///{self.place}/{'op' if is_op else 'object'}/{name}:{digest}"

    def file(self, name: str, content: bytes) -> str:
        mark = uuid.uuid4().hex
        form = (
            f'--{mark}\r\nContent-Disposition: form-data; name="project_id"\r\n\r\n{self.place}\r\n'
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        ).encode()
        form += content + f"\r\n--{mark}--\r\n".encode()
        return self.post("/file/create", form, f"multipart/form-data; boundary={mark}")["digest"]

    def op(self, name: str, code: str) -> str:
        value = {
            "_type": "CustomWeaveType",
            "weave_type": {"type": "Op"},
            "files": {"obj.py": self.file("obj.py", code.encode())},
        }
        return self.publish(name, value)

    def picture(self) -> dict[str, Any]:
        return {
            "_type": "CustomWeaveType",
            "weave_type": {"type": "PIL.Image.Image"},
            "files": {"image.png": self.file("image.png", PICTURE)},
        }

    def dataset(self, name: str, rows: list[dict[str, Any]]) -> str:
        table = self.post("/table/create", {"table": {"project_id": self.place, "rows": rows}})
        value = typed(
            "Dataset",
            name=name,
            description=None,
            rows=f"weave:///{self.place}/table/{table['digest']}",
        )
        return self.publish(name, value)


def typed(kind: str, /, *bases: str, **fields: Any) -> dict[str, Any]:
    """An object of a class of the client's."""
    return {
        "_type": kind,
        **fields,
        "_class_name": kind,
        "_bases": [*bases, "Object", "BaseModel"],
    }


def shop(server: ServerProcess, project: str, versions: int = 3) -> Assets:
    """A search among products: an op in versions, a model, prompts and a dataset."""
    made = Assets(server, project)
    ops = [made.op("retrieve", CODE.format(top=4 + number)) for number in range(versions)]
    system = "You rate how well a product fits a query.\nAnswer with one letter: E, S, C or I."
    for number, text in enumerate((system, system.replace("rate", "judge") + "\nNo words.")):
        messages = [
            {"role": "system", "content": text},
            {"role": "user", "content": "Query: {query}\nProduct: {title}"},
        ]
        prompt = made.publish(
            "rate-product",
            typed(
                "MessagesPrompt",
                "Prompt",
                name=None,
                description=f"Version {number + 1} of the judge",
                messages=messages,
            ),
        )
    made.publish(
        "greeting", typed("StringPrompt", "Prompt", name=None, content="Hello {name}, 元気ですか？")
    )
    models = [
        made.publish(
            "searcher",
            typed(
                "Searcher",
                "Model",
                name=None,
                temperature=temperature,
                settings={"language": "ja", "rerank": temperature > 0},
                prompt=prompt,
                predict=ops[-1],
            ),
        )
        for temperature in (0.0, 0.7)
    ]
    rows = [
        {
            "query": query,
            "title": f"{title} {number}",
            "label": "ESCI"[number % 4],
            "price": 900 + 150 * number,
            **({"image": made.picture()} if number < 2 else {}),
        }
        for number, (query, title) in enumerate(
            [
                ("椅子", "オフィスチェア"),
                ("red lamp", "Desk lamp"),
                ("登山靴", "トレッキングシューズ"),
            ]
            * 8
        )
    ]
    made.dataset("queries", rows[:-2])
    made.dataset("queries", [{**rows[0], "title": "ゲーミングチェア 0"}, *rows[1:]])
    calls = [
        call(
            project,
            f"retrieve{number}",
            None,
            number,
            number + 0.2 + number / 40,
            trace=f"shop{number}",
            op_name=ops[number % versions],
            inputs={"self": models[number % 2], "question": rows[number]["query"], "top": 4},
            output=[rows[number]["title"]],
        )
        for number in range(9)
    ]
    send(server, project, *calls)
    return made


def talk(server: ServerProcess, project: str) -> Assets:
    """Two conversations with a tool that fails at times, and a form for what people think."""
    made = Assets(server, project)
    server.request("POST", "/projects", {"entity": "admin", "name": project})
    made.publish(
        "relevance",
        {
            "_type": "AnnotationSpec",
            "name": "Relevance",
            "description": "How well the answer fits",
            "field_schema": {"type": "string", "enum": ["exact", "substitute", "irrelevant"]},
            "_class_name": "AnnotationSpec",
            "_bases": ["BaseObject", "BaseModel"],
        },
    )
    said = [
        ("富士山の高さは？", "富士山は **3,776 m** です。"),
        ("How many feet is that?", "About 12,388 feet."),
        ("And who climbed it first?", "A monk, it is said, in the year 663."),
    ]
    history: list[dict[str, str]] = [{"role": "system", "content": "You are a mountain guide."}]
    for number, (question, answer) in enumerate(said):
        turn = f"turn{number}"
        history.append({"role": "user", "content": question})
        usage = {"gpt-4o": {"prompt_tokens": 40 * (number + 1), "completion_tokens": 12}}
        place = {"trace": turn, "thread_id": "fuji", "turn_id": f"{project}-{turn}"}
        failed = {"exception": "TimeoutError: the index did not answer"} if number == 2 else {}
        send(
            server,
            project,
            call(
                project,
                turn,
                None,
                20 * number,
                20 * number + 1.4,
                inputs={"messages": [dict(message) for message in history]},
                output={"choices": [{"message": {"role": "assistant", "content": answer}}]},
                summary={"usage": usage},
                op_name="chat",
                **place,
            ),
            call(
                project,
                f"search{number}",
                turn,
                20 * number + 0.1,
                20 * number + 0.4,
                op_name="search",
                **failed,
                **place,
            ),
        )
        history.append({"role": "assistant", "content": answer})
    send(
        server,
        project,
        call(
            project,
            "alone",
            None,
            90,
            91,
            trace="alone",
            thread_id="short",
            turn_id=f"{project}-alone",
            op_name="chat",
            inputs={"question": "Is anybody there?"},
            output="Yes.",
        ),
    )
    for body in (
        {"emoji": "👍"},
        {"note": "数値は正しい"},
        {"form": "relevance", "value": "exact"},
    ):
        path = f"/projects/admin/{project}/calls/{project}-turn0/feedback"
        status, answer = server.request("POST", path, body)
        if status != 201:
            raise RuntimeError(f"feedback was refused: {answer}")
    return made
