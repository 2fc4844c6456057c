"""The packages whose programs log to us, and the environments in which they run."""

from __future__ import annotations

import os

LIGHT = (
    "lightgbm==4.7.0",
    "matplotlib==3.11.2",
    "pandas==3.1.1",
    "tensorboard==2.21.0",
    "tensorboardX==2.6.5",
    "xgboost-cpu==3.2.0",
)
"""Installed in seconds: these run with every test."""

HEAVY = (
    "accelerate==1.15.0",
    "keras==3.15.1",
    "lightning==2.6.6",
    "tensorflow-cpu==2.21.0",
    "transformers==5.24.0",
)
"""Gigabytes: these run with `make test-frameworks`."""
HEAVY_BY_PIP = ("torch==2.13.0",)
"""pip finds a build for machines without a GPU; uv does not."""

WITH_HEAVY = os.environ.get("KISEKI_TEST_FRAMEWORKS") == "1"
"""Whether the heavy ones are asked for."""
