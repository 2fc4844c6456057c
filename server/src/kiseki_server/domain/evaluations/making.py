"""Makes the objects that evaluations are made with: ops, datasets, scorers, models, evaluations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.objects.refs import STORED
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import ObjectVersion
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.tables.service import TableService

SOURCE = "obj.py"
"""The file of an op or a model that holds its code."""
PLACEHOLDER = "def {name}(*args, **kwargs):\n    ...  # Code not captured\n"
_MAX_NAME = 128
_BASES = ("Object", "BaseModel")


def clean_name(name: str | None, default: str) -> str:
    """A name that an object can have: lower-case, ``_`` for spaces and slashes."""
    text = re.sub(r"[\s/]+", "_", (name or default).strip())
    text = re.sub(r"[^\w._-]", "", text).lower()[:_MAX_NAME]
    return text or default.lower()


def ref_of(version: ObjectVersion) -> str:
    """The reference to a version, as it is stored."""
    return f"{STORED}{version.project}/{version.kind}/{version.name}:{version.digest}"


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes objects for one user in one project, which the caller has authorized. References in
    what is given have their stored form. Opens transactions of its own."""

    objects: ObjectService
    tables: TableService
    files: ProjectFiles
    at: Project
    user: str

    def op(self, name: str, source: str | None = None) -> ObjectVersion:
        """An op with code, or with a stand-in where there is none."""
        word = re.sub(r"\W", "_", name.rpartition(".")[2]) or "op"
        digest = self._file(source or PLACEHOLDER.replace("{name}", word))
        value = {
            "_type": "CustomWeaveType",
            "weave_type": {"type": "Op"},
            "files": {SOURCE: digest},
        }
        return self.objects.create(self.at, name, value, user=self.user)

    def dataset(
        self, name: str | None, description: str | None, rows: Sequence[Any]
    ) -> ObjectVersion:
        """A table with a name."""
        digest, _ = self.tables.create(self.at, rows)
        table = f"{STORED}{self.at.id}/table/{digest}"
        return self._object(clean_name(name, "Dataset"), "Dataset", name, description, rows=table)

    def scorer(self, name: str, description: str | None, source: str) -> ObjectVersion:
        """A scorer with its two ops."""
        id = clean_name(name, "Scorer")
        score, summarize = self.op(f"{id}_score", source), self.op(f"{id}_summarize")
        return self._object(
            id,
            "Scorer",
            name,
            description,
            column_map=None,
            score=ref_of(score),
            summarize=ref_of(summarize),
        )

    def model(
        self, name: str, description: str | None, source: str, attributes: Mapping[str, Any]
    ) -> ObjectVersion:
        """A model with its source."""
        id = clean_name(name, "Model")
        return self._object(
            id,
            "Model",
            name,
            description,
            **attributes,
            files={SOURCE: self._file(source)},
        )

    def evaluation(
        self,
        name: str,
        description: str | None,
        *,
        dataset: str,
        scorers: Sequence[str],
        trials: int,
        evaluation_name: str | None,
        attributes: Mapping[str, Any],
    ) -> ObjectVersion:
        """An evaluation with its three ops."""
        id = clean_name(name, "Evaluation")
        ops = {
            part: ref_of(self.op(f"{id}.{part}"))
            for part in ("evaluate", "predict_and_score", "summarize")
        }
        return self._object(
            id,
            "Evaluation",
            name,
            description,
            dataset=dataset,
            scorers=list(scorers),
            preprocess_model_input=None,
            trials=trials,
            metadata=None,
            evaluation_name=evaluation_name,
            eval_attributes=dict(attributes),
            **ops,
        )

    def source(self, value: Mapping[str, Any]) -> str:
        """The code that an op's or a model's value has; empty where it has none."""
        files: Any = value.get("files")
        known: Mapping[str, Any] = cast("Any", files) if isinstance(files, Mapping) else {}
        digest: Any = known.get(SOURCE)
        if not isinstance(digest, str):
            return ""
        return b"".join(self.files.read(self.files.get(self.at, digest))).decode("utf-8", "replace")

    def _object(
        self, id: str, leaf: str, name: str | None, description: str | None, **fields: Any
    ) -> ObjectVersion:
        value = {
            "_type": leaf,
            "name": name or id,
            "description": description,
            **fields,
            "_class_name": leaf,
            "_bases": list(_BASES),
        }
        return self.objects.create(self.at, id, value, user=self.user)

    def _file(self, text: str) -> str:
        with self.files.upload(SOURCE) as upload:
            upload.write(text.encode())
            return upload.finish(self.at)
