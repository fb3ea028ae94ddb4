"""What lies on the wire under the SDK's models: they read money as floats and drop what they do not know."""

import json
import re
from decimal import Decimal

from caller import Caller

# LIVE bodies: milliseconds and a Z for accounts and transfers, whole seconds for secrets.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SECRET_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
API_KEY = re.compile(r"[0-9a-f]{8}")
MONEY = re.compile(r"-?\d+\.\d{4,8}")


def last_body(caller: Caller) -> dict:
    """The body of the last answer. Each of its numbers is money, in plain notation."""
    response = caller.sdk.http_client.last_response
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    return json.loads(response.text, parse_float=money, parse_int=money)


def money(text: str) -> Decimal:
    assert MONEY.fullmatch(text), f"{text} is not money with 4 to 8 decimals"
    amount = Decimal(text)
    assert amount or not text.startswith("-"), f"{text} is a negative zero"
    return amount


def assert_account(account: dict) -> None:
    assert API_KEY.fullmatch(account["api_key"])
    assert API_KEY.fullmatch(account["primary_account_api_key"])
    assert isinstance(account["name"], str)
    assert isinstance(account["use_primary_account_balance"], bool)
    assert isinstance(account["suspended"], bool)
    assert MOMENT.fullmatch(account["created_at"])
    is_primary = account["api_key"] == account["primary_account_api_key"]
    shares = account["use_primary_account_balance"] and not is_primary
    for amount in (account["balance"], account["credit_limit"]):
        assert amount is None if shares else isinstance(amount, Decimal)
