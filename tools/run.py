"""What `make run` does after the setup: the server, and on an empty data directory the demo.

The server's options come from the environment: KISEKI_HOST, KISEKI_PORT, KISEKI_DATA_DIR.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"


def data_directory() -> Path:
    return Path(os.environ.get("KISEKI_DATA_DIR") or "~/.kiseki").expanduser()


def base_url() -> str:
    host = os.environ.get("KISEKI_HOST") or "127.0.0.1"
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{reachable}:{os.environ.get('KISEKI_PORT') or '8080'}"


def is_empty(directory: Path) -> bool:
    return not directory.exists() or not any(directory.iterdir())


def wait_until_ready(server: subprocess.Popen[Any], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{base_url()}/ready", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    return False


def start_demo() -> subprocess.Popen[Any]:
    environment = os.environ | {
        "KISEKI_BASE_URL": base_url(),
        "KISEKI_API_KEY": (data_directory() / "admin.key").read_text().strip(),
        "KISEKI_DIR": str(data_directory() / "demo"),
        # One thread: the demo shares the machine with the server that shows it.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    print("\nThe demo is training now: examples/digits.py\n", flush=True)
    return subprocess.Popen([sys.executable, "digits.py"], cwd=ROOT / "examples", env=environment)


def announce_end(demo: subprocess.Popen[Any]) -> None:
    code = demo.wait()
    if code == 0:
        print("\nThe demo is done. The server goes on; Ctrl-C ends it.\n", flush=True)
    elif code > 0:
        print(f"\nThe demo failed (exit code {code}). The server goes on.\n", flush=True)


def main() -> int:
    fresh = is_empty(data_directory())
    server = subprocess.Popen([BIN / "kiseki", "serve"], start_new_session=True)
    demo: subprocess.Popen[Any] | None = None

    def stop(signum: int, _frame: object) -> None:
        if demo is not None and demo.poll() is None:
            demo.send_signal(signal.SIGINT)
        server.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)

    if fresh and os.environ.get("KISEKI_DEMO") != "off" and wait_until_ready(server):
        demo = start_demo()
        threading.Thread(target=announce_end, args=(demo,), daemon=True).start()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main())
