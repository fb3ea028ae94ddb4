"""Starts a real tollgate on a store of its own, and stops it again."""

import os
import queue
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30

# What the server prints once it listens, and what each line's rest is.
ANNOUNCEMENTS = {
    "listening on http://": "http_host",
    "listening on https://": "tls_host",
    "CA certificate: ": "ca_certificate",
}


@dataclass(frozen=True)
class Tollgate:
    http_host: str
    tls_host: str
    ca_certificate: str
    operator_token: str


@contextmanager
def running(directory: Path, *flags: str) -> Iterator[Tollgate]:
    operator_token = secrets.token_urlsafe(32)
    log = directory / "stderr.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [
                os.environ["TOLLGATE_BIN"],
                "serve",
                *("--listen", "127.0.0.1:0"),
                *("--tls-listen", "127.0.0.1:0"),
                *("--tls-self-signed", str(directory / "tls")),
                *store_in(directory),
                *flags,
            ],
            env=environment(operator_token),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        yield Tollgate(**announced(process, log), operator_token=operator_token)
        stop(process, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def store_in(directory: Path) -> list[str]:
    """The flags by which the server finds a store that is its own."""
    flags = Path(__file__).resolve().parents[2] / "store/flags"
    return subprocess.check_output([flags, directory], text=True).splitlines()


def environment(operator_token: str) -> dict[str, str]:
    # Every flag of the server has an environment twin: none of the caller's may reach it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOLLGATE_")}
    return inherited | {"TOLLGATE_OPERATOR_TOKEN": operator_token}


def announced(process: subprocess.Popen, log: Path) -> dict[str, str]:
    lines: queue.Queue[str | None] = queue.Queue()

    def read_to_the_end() -> None:
        # For as long as the server lives, so that it never waits on a full pipe.
        for line in process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read_to_the_end, daemon=True).start()

    found: dict[str, str] = {}
    deadline = time.monotonic() + START_SECONDS_MAX
    while len(found) < len(ANNOUNCEMENTS):
        try:
            line = lines.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"only {found} after {START_SECONDS_MAX} s; {log.read_text()}") from None
        assert line is not None, (
            f"the server ended with {process.wait()} before it listened: {log.read_text()}"
        )
        for prefix, what in ANNOUNCEMENTS.items():
            if line.startswith(prefix):
                found[what] = line.removeprefix(prefix)
    return found


def stop(process: subprocess.Popen, log: Path) -> None:
    process.send_signal(signal.SIGTERM)
    code = process.wait(timeout=STOP_SECONDS_MAX)
    assert code == 0, f"the server stopped with exit code {code}: {log.read_text()}"
