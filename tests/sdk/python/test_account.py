"""The account's own side: its balance and its secrets."""

import uuid

import pytest
from refusals import (
    GENERAL,
    problem,
    refusal,
    rest_refusal,
    secrets_refusal,
    secrets_unauthorized,
)
from vonage_http_client.errors import AuthenticationError, ForbiddenError, HttpRequestError, NotFoundError
from vonage_subaccounts import ModifySubaccountOptions, TransferRequest
from wire import SECRET_MOMENT, last_body

SECRET = "Password123"


def test_get_balance_is_what_the_list_shows(partner, operator):
    operator.pay(partner.api_key, "10.1713")
    balance = partner.account.get_balance()
    assert (balance.value, balance.auto_reload) == (10.1713, False)
    assert last_body(partner).keys() == {"value", "autoReload"}
    assert partner.subaccounts.list_subaccounts().primary_account.balance == 10.1713


def test_get_balance_of_an_own_balance_is_its_own(partner, calling):
    created = partner.opens("S1", use_primary_account_balance=False)
    partner.subaccounts.transfer_balance(
        TransferRequest(from_=partner.api_key, to=created.api_key, amount=7.5)
    )
    assert calling(created.api_key, created.secret).account.get_balance().value == 7.5
    assert partner.account.get_balance().value == -7.5


def test_get_balance_of_a_shared_balance_is_the_primarys(partner, operator, calling):
    created = partner.opens("S1")
    operator.charge(created.api_key, "2.5")
    assert calling(created.api_key, created.secret).account.get_balance().value == -2.5


def test_get_balance_refuses_in_the_rest_hosts_own_words(partner, calling):
    created = partner.opens("S1")
    stranger = calling(created.api_key, "Wrong1234")
    assert rest_refusal(AuthenticationError, stranger.account.get_balance) == (
        401,
        {"error-code": "401", "error-code-label": "authentication failed"},
    )
    customer = calling(created.api_key, created.secret)
    partner.subaccounts.modify_subaccount(created.api_key, ModifySubaccountOptions(suspended=True))
    assert rest_refusal(ForbiddenError, customer.account.get_balance) == (
        403,
        {"error-code": "403", "error-code-label": "account suspended"},
    )


def test_top_up_moves_no_money_for_there_is_no_payment_behind_it(partner):
    # Before and after a JSON call: from then on the SDK labels its forms `application/json`.
    for _ in range(2):
        assert rest_refusal(
            AuthenticationError, partner.account.top_up, "8ef2447e69604f642ae59363aa5f781b"
        ) == (
            401,
            {"error-code": "401", "error-code-label": "not auto-reload enabled"},
        )
        partner.opens("S1")
    assert partner.account.get_balance().value == 0


def test_settings_are_read_set_one_by_one_and_unset(partner):
    settings = partner.account.update_default_sms_webhook
    read = settings()
    assert (read.mo_callback_url, read.dr_callback_url) == ("", "")
    assert partner.sdk.http_client.last_response.json().keys() == {
        "mo-callback-url",
        "dr-callback-url",
        "max-outbound-request",
        "max-inbound-request",
        "max-calls-per-second",
    }

    inbound, receipts = "https://example.com/inbound?a=b&c=d", "https://example.com/receipts"
    assert settings(mo_callback_url=inbound).mo_callback_url == inbound
    partner.opens("S1")
    both = settings(dr_callback_url=receipts)
    assert (both.mo_callback_url, both.dr_callback_url) == (inbound, receipts)
    # An empty one unsets; one that is not sent stays.
    one = settings(mo_callback_url="")
    assert (one.mo_callback_url, one.dr_callback_url) == ("", receipts)
    assert settings() == one


def test_settings_are_the_accounts_own(partner, calling):
    created = partner.opens("S1")
    customer = calling(created.api_key, created.secret)
    customer.account.update_default_sms_webhook(mo_callback_url="https://example.com/theirs")
    assert partner.account.update_default_sms_webhook().mo_callback_url == ""
    wrong = calling(created.api_key, "Wrong1234")
    for call in ((wrong.account.update_default_sms_webhook,), (wrong.account.top_up, "8ef2447e")):
        assert rest_refusal(AuthenticationError, *call) == (
            401,
            {"error-code": "401", "error-code-label": "authentication failed"},
        )


def test_a_new_account_has_one_secret(partner):
    (secret,) = partner.account.list_secrets()
    uuid.UUID(secret.id)
    assert SECRET_MOMENT.fullmatch(secret.created_at)

    href = f"/accounts/{partner.api_key}/secrets"
    assert last_body(partner) == {
        # No `next`: the PHP SDK would follow it page after page.
        "_links": {"self": {"href": href}},
        "_embedded": {
            "secrets": [
                {
                    "_links": {"self": {"href": f"{href}/{secret.id}"}},
                    "id": secret.id,
                    "created_at": secret.created_at,
                }
            ]
        },
    }


def test_a_second_secret_is_listed_and_works_beside_the_first(partner, calling):
    created = partner.account.create_secret(SECRET)
    assert partner.sdk.http_client.last_response.status_code == 201
    assert last_body(partner) == {
        "_links": {"self": {"href": f"/accounts/{partner.api_key}/secrets/{created.id}"}},
        "id": created.id,
        "created_at": created.created_at,
    }
    assert created in partner.account.list_secrets()
    assert partner.account.get_secret(created.id) == created
    assert len(calling(partner.api_key, SECRET).account.list_secrets()) == 2


def test_a_secret_is_rotated_and_the_old_one_is_dead_at_once(partner, calling):
    (old,) = partner.account.list_secrets()
    new = partner.account.create_secret(SECRET)
    rotated = calling(partner.api_key, SECRET)

    assert rotated.account.revoke_secret(old.id) is None
    answer = rotated.sdk.http_client.last_response
    assert (answer.status_code, answer.content) == (204, b"")

    # `partner` still holds the old secret.
    assert refusal(AuthenticationError, partner.account.list_secrets) == secrets_unauthorized()
    assert rotated.account.list_secrets() == [new]


def test_a_third_secret_is_refused(partner):
    partner.account.create_secret(SECRET)
    assert refusal(ForbiddenError, partner.account.create_secret, "Password456") == secrets_refusal(
        403,
        "add-excess-secret",
        "Secret Addition Forbidden",
        "Account reached maximum number [2] of allowed secrets",
    )
    assert len(partner.account.list_secrets()) == 2


def test_the_last_secret_stays(partner):
    (last,) = partner.account.list_secrets()
    assert refusal(ForbiddenError, partner.account.revoke_secret, last.id) == secrets_refusal(
        403,
        "delete-last-secret",
        "Secret Deletion Forbidden",
        "Can not delete the last secret. The account must always have at least 1 secret active at any time",
    )
    assert partner.account.list_secrets() == [last]


def test_a_secret_that_the_account_already_has_is_refused(partner, calling):
    created = partner.opens("S1", secret=SECRET)
    customer = calling(created.api_key, SECRET)
    status, body = secrets_refusal(
        400, "validation", "Bad Request", "The request failed due to secret validation errors"
    )
    body["invalid_parameters"] = [{"name": "secret", "reason": "Does not meet complexity requirements"}]
    assert refusal(HttpRequestError, customer.account.create_secret, SECRET) == (status, body)
    assert len(customer.account.list_secrets()) == 1


@pytest.mark.parametrize("id_", ["00000000-0000-7000-8000-000000000000", "no-uuid-at-all"])
def test_a_secret_that_is_not_there_is_not_found(partner, id_):
    not_found = 404, problem(f"{GENERAL}invalid-id", "Invalid ID", f"ID '{id_}' could not be found")
    assert refusal(NotFoundError, partner.account.get_secret, id_) == not_found
    assert refusal(NotFoundError, partner.account.revoke_secret, id_) == not_found


def test_the_secret_of_another_account_is_not_found(partner, stranger):
    (theirs,) = stranger.account.list_secrets()
    not_found = 404, problem(f"{GENERAL}invalid-id", "Invalid ID", f"ID '{theirs.id}' could not be found")
    assert refusal(NotFoundError, partner.account.get_secret, theirs.id) == not_found
    assert refusal(NotFoundError, partner.account.revoke_secret, theirs.id) == not_found
    assert stranger.account.list_secrets() == [theirs]
