"""What the server refuses, as the SDK raises it: the class, the status and the whole body."""

import uuid
from collections.abc import Callable

import pytest
from vonage_http_client.errors import HttpRequestError

GENERAL = "https://developer.nexmo.com/api-errors#"
SUBACCOUNTS = "https://developer.nexmo.com/api-errors/subaccounts#"
SECRETS = "https://developer.nexmo.com/api-errors/account/secret-management#"

SAME_ACCOUNTS = ("from", "Invalid accounts. From and To accounts should be different")
BAD_AMOUNT = ("amount", "Only positive values of data type JSON number are allowed")
BAD_NAME = ("name", "Does not meet length requirements")
NOT_BACK_TO_SHARED = (
    "use_primary_account_balance",
    "Transitioning from 'use_primary_account_balance = false' to "
    "'use_primary_account_balance = true' is not supported",
)


def refusal(error_class: type[HttpRequestError], call: Callable, *arguments) -> tuple[int, dict]:
    """The status and the body that `call` is refused with; the body without its `instance`."""
    with pytest.raises(HttpRequestError) as raised:
        call(*arguments)
    # The class itself: every other one is derived from HttpRequestError.
    assert type(raised.value) is error_class, raised.value.message
    response = raised.value.response
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    body = response.json()
    instance = body.pop("instance")
    assert str(uuid.UUID(instance)) == instance
    return response.status_code, body


def rest_refusal(error_class: type[HttpRequestError], call: Callable, *arguments) -> tuple[int, dict]:
    """The same for the rest host, whose errors have a shape of their own, without an `instance`."""
    with pytest.raises(HttpRequestError) as raised:
        call(*arguments)
    assert type(raised.value) is error_class, raised.value.message
    return raised.value.response.status_code, raised.value.response.json()


def problem(type_: str, title: str, detail: str) -> dict:
    return {"type": type_, "title": title, "detail": detail}


def unauthorized() -> tuple[int, dict]:
    return 401, problem(
        f"{GENERAL}unauthorized", "Invalid credentials supplied", "You did not provide correct credentials"
    )


def secrets_unauthorized() -> tuple[int, dict]:
    return 401, problem(
        f"{GENERAL}unauthorized",
        "Unauthorized",
        'Invalid credentials format. Expected: "Authorization: (Base64(UTF-8(apiKey:secret)))"',
    )


def unprovisioned(api_key: str) -> tuple[int, dict]:
    return 403, problem(
        f"{GENERAL}unprovisioned",
        "Authorisation error",
        f"Account {api_key} is not provisioned to access Subaccount Provisioning API",
    )


def suspended() -> tuple[int, dict]:
    return 403, problem(f"{GENERAL}account-suspended", "Account Suspended", "This account has been suspended")


def unknown_key(api_key: str) -> tuple[int, dict]:
    return 404, problem(
        f"{GENERAL}invalid-api-key",
        "Invalid API Key",
        f"API key '{api_key}' does not exist, or you do not have access",
    )


def invalid(*parameters: tuple[str, str]) -> tuple[int, dict]:
    return 422, problem(
        f"{SUBACCOUNTS}validation", "Bad Request", "The request failed due to validation errors"
    ) | {"invalid_parameters": [{"name": name, "reason": reason} for name, reason in parameters]}


def not_a_family_transfer() -> tuple[int, dict]:
    return 403, problem(
        f"{SUBACCOUNTS}valid-transfers",
        "Invalid Transfer",
        "Transfers are only allowed between a primary account and its subaccount",
    )


def shares_balance(api_key: str) -> tuple[int, dict]:
    return 403, problem(
        f"{SUBACCOUNTS}valid-transfers",
        "Invalid Transfer",
        f"Account {api_key} shares the balance of its primary account",
    )


def insufficient(what: str) -> tuple[int, dict]:
    return 403, problem(f"{SUBACCOUNTS}valid-transfers", "Transfer amount is invalid", f"Insufficient {what}")


def number_refusal(status: int, slug: str, title: str, detail: str) -> tuple[int, dict]:
    return status, problem(f"{SUBACCOUNTS}{slug}", title, detail)


def secrets_refusal(status: int, slug: str, title: str, detail: str) -> tuple[int, dict]:
    return status, problem(f"{SECRETS}{slug}", title, detail)
