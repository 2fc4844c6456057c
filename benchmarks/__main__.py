"""Runs all benchmarks, or those that are named; one alone may have options behind its name.

python -m benchmarks
python -m benchmarks ingest queries
python -m benchmarks artifacts --mib 5120
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time

import benchmarks

SHARED = {"browser", "mlflow_rows", "report", "peers", "servers"}


def names() -> list[str]:
    return sorted(
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if module.name not in SHARED and not module.name.startswith("_")
    )


def main() -> int:
    given = sys.argv[1:]
    options = given[1:] if len(given) > 1 and given[1].startswith("-") else []
    wanted = given[:1] if options else given or names()
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(names())}.")
        return 2
    for number, name in enumerate(wanted, 1):
        print(f"[{number}/{len(wanted)}] {name}", file=sys.stderr, flush=True)
        begin = time.monotonic()
        sys.argv = [name, *options]
        importlib.import_module(f"benchmarks.{name}").main()
        print(f"    {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
