"""The accounts, and what belongs to them, that generated requests are about: made by the operator, and made anew where a request
ends what it is about. Without them nearly everything would be answered with 404."""

import base64
import itertools
import json
import threading

import requests

PLAN = {
    "currency": "EUR",
    "default": True,
    "rules": [{"path": "/**", "operation": "call", "mode": "charge", "unit_price": "0.01"}],
}


class Cast:
    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.numbers = itertools.count(447700100000)
        self.session = threading.local()
        primary = self.post("/api/v1/accounts", name="Partner", credit_limit="1000000")
        self.primary, self.key, self.secret = primary["id"], primary["api_key"], primary["secret"]
        self.pay(self.primary)
        # Whoever is asked about where a request leaves it as it was, or nearly so.
        self.own = self.subaccount(balance="own")
        self.shared = self.subaccount(balance="shared")
        self.post(f"/api/v1/accounts/{self.primary}/transfers", kind="balance", to=self.own, amount="1000000")
        self.post(f"/api/v1/accounts/{self.primary}/transfers", kind="credit", to=self.own, amount="1000")
        self.spare = self.lone_primary()
        self.ask("PUT", "/api/v1/price-plans/standard-eur", PLAN)

    def ask(self, method: str, path: str, body: dict | None = None) -> dict:
        # A session is no thing to be shared by threads.
        if not hasattr(self.session, "own"):
            self.session.own = requests.Session()
            self.session.own.trust_env = False
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.session.own.request(method, self.url + path, json=body, headers=headers, timeout=20)
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path} {body}: {answer.status_code} {answer.text}")
        return answer.json()

    def get(self, path: str) -> dict:
        return self.ask("GET", path)

    def post(self, path: str, **body: object) -> dict:
        return self.ask("POST", path, body)

    def pay(self, account: str) -> None:
        self.post(f"/api/v1/accounts/{account}/payments", amount="1000000000")

    def subaccount(self, balance: str = "own") -> str:
        return self.post("/api/v1/accounts", name="Customer", parent=self.primary, balance=balance)["id"]

    def lone_primary(self) -> str:
        return self.post("/api/v1/accounts", name="Another partner")["id"]

    def spend(self, path: str, **body: object) -> str:
        """From an account that is paid for this; another one where a request has found and changed it."""
        for _ in range(2):
            try:
                return self.post(path, account=self.spare, amount="0.01", **body)["id"]
            except RuntimeError:
                self.spare = self.lone_primary()
                self.pay(self.spare)
        raise RuntimeError(f"{path} takes nothing from a new account")

    def charge(self) -> str:
        return self.spend("/api/v1/charges")

    def hold(self) -> str:
        return self.spend("/api/v1/holds", expires_in=3600)

    def gate_token(self) -> str:
        return self.post("/api/v1/tokens", scope="gate")["id"]

    def number(self) -> str:
        msisdn = str(next(self.numbers))
        self.post("/api/v1/numbers", country="GB", msisdn=msisdn)
        return msisdn

    def credential(self) -> tuple[str, str]:
        account = self.subaccount()
        return account, self.post(f"/api/v1/accounts/{account}/credentials", kind="secret")["id"]

    def authorization(self, caller: str) -> str:
        if caller == "operator":
            return f"Bearer {self.token}"
        return "Basic " + base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()

    def dump(self, caller: str) -> str:
        known = ("url", "token", "primary", "own", "shared", "spare")
        return json.dumps({"caller": caller, **{name: getattr(self, name) for name in known}})

    @classmethod
    def load(cls, text: str) -> "Cast":
        """The same cast in another process. Its numbers are others."""
        cast = cls.__new__(cls)
        cast.__dict__.update(json.loads(text))
        cast.session = threading.local()
        cast.numbers = itertools.count(447700500000)
        return cast
