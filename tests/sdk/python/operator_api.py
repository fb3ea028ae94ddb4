"""The operator's side of a story, over the native API: what no vendor's operation can do."""

import itertools
import json
from dataclasses import dataclass
from http.client import HTTPConnection

from server import Tollgate


@dataclass(frozen=True)
class Operator:
    tollgate: Tollgate

    def open_primary(self, name: str, credit_limit: str) -> dict:
        return self.created("/api/v1/accounts", {"name": name, "credit_limit": credit_limit})

    def open_subaccount(self, parent: str, name: str, balance: str) -> dict:
        return self.created("/api/v1/accounts", {"name": name, "parent": parent, "balance": balance})

    def pay(self, account: str, amount: str) -> dict:
        return self.created(f"/api/v1/accounts/{account}/payments", {"amount": amount})

    def charge(self, account: str, amount: str) -> dict:
        return self.created("/api/v1/charges", {"account": account, "amount": amount})

    def refused_charge(self, account: str, amount: str) -> tuple[int, str]:
        """The status and the stable code of a charge that must not happen."""
        status, problem = self.post("/api/v1/charges", {"account": account, "amount": amount})
        assert status >= 400, problem
        return status, problem["code"]

    def give_number(self, account: str, country: str, msisdn: str) -> dict:
        return self.created("/api/v1/numbers", {"account": account, "country": country, "msisdn": msisdn})

    def stock(self, country: str, msisdn: str, **rest) -> dict:
        """A number that anybody may rent."""
        return self.created("/api/v1/numbers", {"country": country, "msisdn": msisdn, **rest})

    def created(self, path: str, body: dict) -> dict:
        status, answer = self.post(path, body)
        assert status == 201, f"POST {path}: {status} {answer}"
        return answer

    def post(self, path: str, body: dict) -> tuple[int, dict]:
        connection = HTTPConnection(self.tollgate.http_host, timeout=30)
        try:
            headers = {
                "Authorization": f"Bearer {self.tollgate.operator_token}",
                "Content-Type": "application/json",
            }
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


# One server for all tests, so every number is given out once.
ENDINGS = itertools.count(1)


def fresh_number(prefix: str = "447700") -> str:
    return f"{prefix}{next(ENDINGS):06}"
