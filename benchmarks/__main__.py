"""Runs all benchmarks, or those that are named."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time

import benchmarks

SHARED = {"mlflow_rows", "report", "peers", "servers"}


def names() -> list[str]:
    return sorted(
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if module.name not in SHARED and not module.name.startswith("_")
    )


def main() -> int:
    wanted = sys.argv[1:] or names()
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(names())}.")
        return 2
    for number, name in enumerate(wanted, 1):
        print(f"[{number}/{len(wanted)}] {name}", file=sys.stderr, flush=True)
        begin = time.monotonic()
        sys.argv = [name]
        importlib.import_module(f"benchmarks.{name}").main()
        print(f"    {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
