"""What Schemathesis calls before and after each request.

Ids of things cannot be guessed, so most of the valid requests are given some: of the cast where a request leaves it as it was, of
something made for it where it does not. Which of them, their own contents decide, so that a seed says all."""

import atexit
import itertools
import json
import os
import threading
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import schemathesis
from schemathesis.core.parameters import ParameterLocation

from cast import Cast

CAST = Cast.load(os.environ["OPENAPI_CAST"])
SEED = os.environ["TOLLGATE_SEED"]
KEYS = itertools.count()
COUNTS: dict[str, Counter] = defaultdict(Counter)
LOCK = threading.Lock()
# Operations that only look at an account.
READING = {"get_account", "list_postings", "list_credentials"}
# Operations that change an account for good, or what authenticates it.
ENDING = {"change_account", "close_account", "add_credential", "rotate_credential", "revoke_credential"}
# Operations on a webhook, and what was sent there.
LISTENING = {"get_webhook", "change_webhook", "rotate_webhook", "list_deliveries", "resend_event"}


def number(value: object) -> int:
    """A number that looks random, and is always the same for the same value."""
    return zlib.crc32(json.dumps([SEED, value], sort_keys=True, default=str).encode())


def share(value: object, of: int) -> bool:
    """All but one of so many."""
    return number(value) % of != 0


def name(case: schemathesis.Case) -> str:
    return case.operation.definition.raw["operationId"]


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    if case.method.upper() != case.operation.method.upper():
        return
    meta = case.meta
    fits = lambda location: meta is None or not meta.is_negative_at(location)  # noqa: E731
    given = case.path_parameters
    # Whoever is asked about everywhere stays as it is, also where Schemathesis has found its id in an answer.
    is_ending = name(case) in ENDING and given and given.get("account") in (CAST.primary, CAST.own, CAST.shared)
    is_ending |= name(case) == "delete_webhook" and given and given.get("id") == CAST.webhook
    if given and fits(ParameterLocation.PATH) and (is_ending or share(given, 4)):
        for parameter, value in path(name(case), case.path_parameters).items():
            case.path_parameters[parameter] = value
    headers = case.headers or {}
    if "Idempotency-Key" in headers and fits(ParameterLocation.HEADER) and share(headers["Idempotency-Key"], 8):
        # Under few keys nearly everything would be another request under a key that was used.
        headers["Idempotency-Key"] = f"{headers['Idempotency-Key'][:200]}{next(KEYS)}"
    if fits(ParameterLocation.BODY):
        for item in case.body if isinstance(case.body, list) else [case.body]:
            if isinstance(item, dict):
                item.update(body(name(case), item))
    if case.query and fits(ParameterLocation.QUERY):
        for parameter in ("account", "parent"):
            if parameter in case.query and share(case.query, 2):
                case.query[parameter] = CAST.primary if parameter == "parent" else CAST.own


def path(operation: str, given: dict) -> dict:
    """What the path names."""
    if operation == "revoke_credential":
        account, credential = CAST.credential()
        return {"account": account, "credential": credential}
    if operation == "delete_webhook":
        return {"id": CAST.new_webhook()[0]}
    if operation in LISTENING:
        return {"id": CAST.webhook} | ({"event": CAST.sent} if "event" in given else {})
    values = {}
    if "account" in given:
        if operation in ENDING:
            values["account"] = CAST.subaccount()
        elif operation in READING:
            values["account"] = CAST.own if share(given, 2) else CAST.shared
        else:
            values["account"] = CAST.primary
    if "id" in given:
        made = {"reverse": CAST.charge, "revoke_token": CAST.gate_token}.get(operation, CAST.hold)
        values["id"] = made()
    if "name" in given and operation != "put_price_plan":
        values["name"] = "standard-eur"
    if "msisdn" in given:
        values |= {"country": "GB", "msisdn": CAST.number()}
    return values



def body(operation: str, given: dict) -> dict:
    """What the body names."""
    values = {}
    if not share(given, 4):
        return values
    for member in ("account", "to", "from"):
        if isinstance(given.get(member), str):
            values[member] = CAST.own if share(given, 2) else CAST.shared
    if operation == "transfer":
        values = {member: CAST.own for member in values}
    if isinstance(given.get("parent"), str):
        values["parent"] = CAST.primary
    for member in ("amount", "credit_limit"):
        # What is written like an amount is mostly too much or too little for one.
        if isinstance(given.get(member), str) and share(given, 3):
            values[member] = f"{number(given) % 500 / 100 + 0.01:.2f}"
    for rule in given.get("rules") or ():
        if isinstance(rule, dict) and share(rule, 3):
            rule.update({"path": "/v1/messages/*", "operation": "sms.send"})
            rule.update({name: "0.01" for name in ("unit_price", "reserve") if name in rule})
            if "method" in rule:
                rule["method"] = "POST"
    if isinstance(given.get("hold"), str):
        values["hold"] = CAST.hold()
    if isinstance(given.get("charge"), str):
        values["charge"] = CAST.charge()
    return values


@schemathesis.serializer("application/x-ndjson")
def lines(context, value: object) -> bytes:
    """A text is sent as it is, and a list as a value a line."""
    if isinstance(value, list):
        return "".join(f"{json.dumps(item)}\n" for item in value).encode()
    return str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def after_call(context, case, response) -> None:
    if case.method.upper() == case.operation.method.upper():
        with LOCK:
            COUNTS[name(case)][str(response.status_code)] += 1


@atexit.register
def write_counts() -> None:
    Path(os.environ["OPENAPI_COUNTS"]).write_text(json.dumps(COUNTS))
