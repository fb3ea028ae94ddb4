"""The accounts, and what belongs to them, that generated requests are about: made by the operator, and made anew where a request
ends what it is about. Without them nearly everything would be answered with 404."""

import base64
import itertools
import json
import threading
import time

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
        self.webhook, self.sent = self.listening()

    def ask(self, method: str, path: str, body: dict | None = None, authorization: str | None = None) -> dict:
        # A session is no thing to be shared by threads.
        if not hasattr(self.session, "own"):
            self.session.own = requests.Session()
            self.session.own.trust_env = False
        headers = {"Authorization": authorization or f"Bearer {self.token}"}
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

    def new_webhook(self) -> tuple[str, str]:
        """A new subaccount's, which its primary and the operator keep as well, and that account. Nothing can be sent there."""
        account = self.post("/api/v1/accounts", name="Listener", parent=self.primary, balance="own")
        by = basic(account["api_key"], account["secret"])
        return self.ask("POST", "/api/v1/webhooks", {"url": "http://127.0.0.1:9"}, by)["id"], account["id"]

    def listening(self) -> tuple[str, str]:
        """A webhook, and an event on its way there."""
        webhook, account = self.new_webhook()
        self.ask("PATCH", f"/api/v1/accounts/{account}", {"alerts": {"low": "5"}})
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            deliveries = self.get(f"/api/v1/webhooks/{webhook}/deliveries")["deliveries"]
            if deliveries:
                return webhook, deliveries[0]["event"]
            time.sleep(0.05)
        raise RuntimeError("no event is on its way to the webhook")

    def authorization(self, caller: str) -> str:
        return f"Bearer {self.token}" if caller == "operator" else basic(self.key, self.secret)

    def dump(self, caller: str) -> str:
        known = ("url", "token", "primary", "own", "shared", "spare", "webhook", "sent")
        return json.dumps({"caller": caller, **{name: getattr(self, name) for name in known}})

    @classmethod
    def load(cls, text: str) -> "Cast":
        """The same cast in another process. Its numbers are others."""
        cast = cls.__new__(cls)
        cast.__dict__.update(json.loads(text))
        cast.session = threading.local()
        cast.numbers = itertools.count(447700500000)
        return cast


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
