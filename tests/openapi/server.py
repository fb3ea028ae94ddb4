"""Starts a real tollgate on a store of its own, and stops it again."""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS_MAX = 30


@dataclass(frozen=True)
class Tollgate:
    http_host: str
    operator_token: str


def store_in(directory: Path) -> list[str]:
    """The flags by which the server finds a store that is its own."""
    flags = Path(__file__).resolve().parents[1] / "store/flags"
    return subprocess.check_output([flags, directory], text=True).splitlines()


@contextmanager
def running(directory: Path) -> Iterator[Tollgate]:
    token = secrets.token_urlsafe(32)
    log = directory / "stderr.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOLLGATE_")}
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [
                os.environ["TOLLGATE_BIN"],
                "serve",
                *("--listen", "127.0.0.1:0"),
                *store_in(directory),
            ],
            env={**environment, "TOLLGATE_OPERATOR_TOKEN": token},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        host = None
        for line in process.stdout:
            if line.startswith("listening on http://"):
                host = line.removeprefix("listening on http://").strip()
                break
        if host is None:
            raise RuntimeError(f"tollgate did not start:\n{log.read_text()}")
        yield Tollgate(http_host=host, operator_token=token)
        if process.poll() is not None:
            raise RuntimeError(f"tollgate ended on its own:\n{log.read_text()}")
        process.send_signal(signal.SIGTERM)
        if process.wait(STOP_SECONDS_MAX) != 0:
            raise RuntimeError(f"tollgate ended with {process.returncode}:\n{log.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
