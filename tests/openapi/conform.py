"""Runs Schemathesis against a real server, for each kind of caller, and looks whether it has reached what it is for."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from openapi_spec_validator import validate

sys.path.insert(0, str(Path(__file__).parent))

from cast import Cast  # noqa: E402
from server import running  # noqa: E402

ROOM = Path(__file__).parent
EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "200")

# What is never answered with 2xx, and why; everything else must be, at least once, for each caller that may.
NEVER_2XX = {
    "primary": {
        "pay": "only the operator books payments",
    },
    "operator": {},
}


def main() -> int:
    seed = int(os.environ.get("TOLLGATE_SEED") or random.SystemRandom().getrandbits(48))
    print(f"OpenAPI document: TOLLGATE_SEED={seed}, {EXAMPLES} examples for each operation and caller", flush=True)
    failed = False
    for caller in ("operator", "primary"):
        with tempfile.TemporaryDirectory(prefix="tollgate-openapi-") as directory:
            failed |= not run(caller, seed, Path(directory))
    return int(failed)


def run(caller: str, seed: int, directory: Path) -> bool:
    started = time.monotonic()
    with running(directory) as server:
        cast = Cast(f"http://{server.http_host}", server.operator_token)
        document = cast.get("/api/v1/openapi.json")
        validate(document)
        document = document_for(document, caller)
        # A name of its own, so that no cache of another run is taken for it.
        file = directory / "openapi.json"
        file.write_text(json.dumps(document))
        counts = directory / "counts.json"
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "hooks",
            "PYTHONPATH": str(ROOM),
            "TOLLGATE_SEED": str(seed),
            "OPENAPI_CAST": cast.dump(caller),
            "OPENAPI_COUNTS": str(counts),
        }
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            *("--config-file", str(ROOM / "schemathesis.toml")),
            *("run", str(file), "--url", cast.url),
            *("--seed", str(seed), "--max-examples", EXAMPLES),
            *("--header", f"Authorization: {cast.authorization(caller)}"),
        ]
        code = subprocess.run(command, env=environment, cwd=directory).returncode
        reached = report(caller, document, json.loads(counts.read_text()))
    print(f"{caller}: {time.monotonic() - started:.0f} s", flush=True)
    return code == 0 and reached


def document_for(document: dict, caller: str) -> dict:
    """The document with the operations that the caller may ask for, and with schemas of answers that have no other members."""
    scheme = {"operator": "token", "primary": "account"}[caller]
    for path, methods in list(document["paths"].items()):
        for method, operation in list(methods.items()):
            security = operation["security"]
            if security and {scheme: []} not in security:
                del methods[method]
            elif security:
                operation["security"] = [{scheme: []}]
        if not methods:
            del document["paths"][path]
    close(document["components"]["schemas"])
    for methods in document["paths"].values():
        for operation in methods.values():
            close(operation["responses"])
    return document


def close(schema: object) -> None:
    if isinstance(schema, dict):
        for part in schema.values():
            close(part)
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    elif isinstance(schema, list):
        for part in schema:
            close(part)


def report(caller: str, document: dict, counts: dict) -> bool:
    """How often each operation was answered with what; whether each was answered with 2xx at all."""
    unreached = []
    print(f"\nanswers to the {caller}, by status:")
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            statuses = counts.get(name, {})
            said = "  ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
            print(f"  {name:<24} {said}")
            if not any(it.startswith("2") for it in statuses) and name not in NEVER_2XX[caller]:
                unreached.append(name)
    if unreached:
        print(f"never answered with 2xx, so that little was shown: {', '.join(unreached)}; let cast.py bring what they need")
    return not unreached


sys.exit(main())
