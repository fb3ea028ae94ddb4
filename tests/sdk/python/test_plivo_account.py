"""The account itself."""

import pytest
from plivo.exceptions import ValidationError
from plivo_refusals import METHOD_NOT_ALLOWED, refusal


def test_get_shows_the_whole_account(plivo_partner):
    account = plivo_partner.sdk.account.get()
    assert plivo_partner.wire.status == 200
    assert plivo_partner.wire.body == {
        "account_type": "standard",
        "address": "",
        "auth_id": plivo_partner.auth_id,
        "auto_recharge": False,
        "billing_mode": "postpaid",
        "cash_credits": "0.00000",
        "city": "",
        "name": "Partner",
        "resource_uri": plivo_partner.uri,
        "state": "",
        "timezone": "UTC",
    }
    assert account.id == plivo_partner.auth_id
    assert account.get().name == "Partner"


def test_cash_credits_is_the_balance_rounded_down(plivo_partner, operator):
    operator.pay(plivo_partner.auth_id, "10.123459")
    assert plivo_partner.cash() == "10.12345"
    operator.charge(plivo_partner.auth_id, "20.123459")
    assert plivo_partner.cash() == "-10.00000"
    operator.charge(plivo_partner.auth_id, "0.000001")
    assert plivo_partner.cash() == "-10.00001"


def test_an_account_without_credit_is_prepaid(plivo_partner_with):
    assert plivo_partner_with("0").sdk.account.get().billing_mode == "prepaid"


def test_update_changes_what_is_given_and_leaves_the_rest(plivo_partner):
    account = plivo_partner.sdk.account
    answer = account.update(name="Lucius Fox", city="New York", address="1 Wayne Tower")
    assert (plivo_partner.wire.status, answer.message) == (202, "changed")
    assert plivo_partner.wire.body == {"message": "changed"}

    # The SDK sends null for each of the others.
    account.update(city="Gotham")
    assert plivo_partner.wire.sent_body == {"name": None, "city": "Gotham", "address": None}
    got = account.get()
    assert (got.name, got.city, got.address) == ("Lucius Fox", "Gotham", "1 Wayne Tower")


def test_an_update_of_nothing_is_refused_by_the_sdk_itself(plivo_partner):
    before = plivo_partner.wire.sent
    with pytest.raises(ValidationError):
        plivo_partner.sdk.account.update()
    assert plivo_partner.wire.sent == before


def test_the_accounts_own_update_sends_the_names_of_its_arguments_for_their_values(plivo_partner):
    # A defect of the SDK, which no server can tell from a wish: use `client.account.update`.
    plivo_partner.sdk.account.get().update(name="Lucius Fox")
    assert plivo_partner.sdk.account.get().name == "name"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (" ", "name must not be blank"),
        ("x" * 256, "name must not exceed 255 characters"),
    ],
)
def test_a_name_that_cannot_be_is_refused(plivo_partner, name, text):
    assert refusal(plivo_partner, plivo_partner.sdk.account.update, name=name) == (400, text)
    assert plivo_partner.sdk.account.get().name == "Partner"


def test_a_subaccount_sees_itself_and_nothing_of_its_main_account(plivo_partner, operator):
    operator.pay(plivo_partner.auth_id, "50")
    plivo_partner.sdk.account.update(name="Parent", city="Gotham", address="1 Wayne Tower")
    sub = plivo_partner.opens_caller("S1")
    sub.sdk.account.get()
    assert sub.wire.body == {
        "account_type": "standard",
        "address": "",
        "auth_id": sub.auth_id,
        "auto_recharge": False,
        "billing_mode": "postpaid",
        "cash_credits": "0.00000",
        "city": "",
        "name": "S1",
        "resource_uri": sub.uri,
        "state": "",
        "timezone": "UTC",
    }


def test_a_subaccount_does_not_update_itself(plivo_partner):
    sub = plivo_partner.opens_caller("S1")
    assert refusal(sub, sub.sdk.account.update, name="Main") == METHOD_NOT_ALLOWED
    assert sub.wire.last.headers["Allow"] == "GET"
    assert sub.sdk.account.get().name == "S1"
