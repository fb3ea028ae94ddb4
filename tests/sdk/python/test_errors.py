"""Who may call what, and what a request may say: each refusal as the class that the SDK makes of it."""

import pytest
from books import books, row
from refusals import (
    BAD_AMOUNT,
    SAME_ACCOUNTS,
    invalid,
    not_a_family_transfer,
    refusal,
    secrets_unauthorized,
    shares_balance,
    unauthorized,
    unknown_key,
    unprovisioned,
)
from test_transfers import KINDS, transfer, transfers
from vonage_http_client.errors import AuthenticationError, ForbiddenError, HttpRequestError, NotFoundError
from vonage_subaccounts import ModifySubaccountOptions, SubaccountOptions, TransferNumberRequest

UNKNOWN = "00000000"


def every_subaccount_operation(caller):
    """A valid call of each, had the caller the right to it."""
    subaccounts, key = caller.subaccounts, caller.api_key
    return [
        (subaccounts.list_subaccounts,),
        (subaccounts.create_subaccount, SubaccountOptions(name="End customer")),
        (subaccounts.get_subaccount, UNKNOWN),
        (subaccounts.modify_subaccount, UNKNOWN, ModifySubaccountOptions(suspended=True)),
        *((transfer, caller, kind, key, UNKNOWN, 1) for kind in KINDS),
        *((transfers, caller, kind) for kind in KINDS),
        (
            subaccounts.transfer_number,
            TransferNumberRequest(from_=key, to=UNKNOWN, number="447700900000", country="GB"),
        ),
    ]


def test_a_wrong_secret_is_unauthorized_in_every_operation(partner, calling):
    caller = calling(partner.api_key, "Wrong1234")
    for call in every_subaccount_operation(caller):
        assert refusal(AuthenticationError, *call) == unauthorized()
    account = caller.account
    for call in (
        (account.list_secrets,),
        (account.create_secret, "Password123"),
        (account.get_secret, UNKNOWN),
        (account.revoke_secret, UNKNOWN),
    ):
        assert refusal(AuthenticationError, *call) == secrets_unauthorized()


def test_an_unknown_key_is_refused_as_a_wrong_secret_is(calling):
    caller = calling(UNKNOWN, "Wrong1234")
    assert refusal(AuthenticationError, caller.subaccounts.list_subaccounts) == unauthorized()
    assert refusal(AuthenticationError, caller.account.list_secrets) == secrets_unauthorized()


def test_a_subaccount_may_not_manage_subaccounts(partner, calling):
    created = partner.opens("S1", use_primary_account_balance=False)
    customer = calling(created.api_key, created.secret)
    for call in every_subaccount_operation(customer):
        assert refusal(ForbiddenError, *call) == unprovisioned(created.api_key)
    assert len(partner.subaccounts.list_subaccounts().subaccounts) == 1


def test_an_unknown_a_foreign_and_the_primarys_own_key_are_no_subaccount(partner, stranger):
    foreign = stranger.opens("Foreign").api_key
    for key in (UNKNOWN, foreign, stranger.api_key, partner.api_key):
        change = ModifySubaccountOptions(suspended=True)
        assert refusal(NotFoundError, partner.subaccounts.get_subaccount, key) == unknown_key(key)
        assert refusal(NotFoundError, partner.subaccounts.modify_subaccount, key, change) == unknown_key(key)
    assert stranger.subaccounts.get_subaccount(foreign).suspended is False


@pytest.mark.parametrize("kind", KINDS)
def test_money_moves_only_between_a_primary_and_its_own_subaccount(partner, stranger, kind):
    first, second = partner.opens_own("S1"), partner.opens_own("S2")
    transfer(partner, "balance", partner.api_key, first, 10)
    foreign = stranger.opens_own("Foreign")
    before, theirs_before = books(partner), books(stranger)
    for source, target in (
        (first, second),
        (partner.api_key, stranger.api_key),
        (partner.api_key, foreign),
        (stranger.api_key, partner.api_key),
        (stranger.api_key, foreign),
        (foreign, first),
        (partner.api_key, UNKNOWN),
    ):
        refused = refusal(ForbiddenError, transfer, partner, kind, source, target, 1)
        assert refused == not_a_family_transfer(), (source, target)
    assert (books(partner), books(stranger)) == (before, theirs_before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shared_balance_neither_gives_nor_takes(partner, kind):
    key = partner.opens("S1").api_key
    for source, target in ((partner.api_key, key), (key, partner.api_key)):
        assert refusal(ForbiddenError, transfer, partner, kind, source, target, 1) == shares_balance(key)
    assert books(partner) == row(Partner="0/-100", S1="-/-", total="0/-100")


@pytest.mark.parametrize("kind", KINDS)
def test_an_amount_must_be_more_than_nothing(partner, kind):
    key = partner.opens_own("S1")
    # The last one is nothing once it is rounded to 8 decimals.
    for amount in (0, -1, 0.000000001):
        refused = refusal(HttpRequestError, transfer, partner, kind, partner.api_key, key, amount)
        assert refused == invalid(BAD_AMOUNT), amount


@pytest.mark.parametrize("kind", KINDS)
def test_an_amount_beyond_every_purse_is_invalid_and_not_merely_too_much(partner, kind):
    key = partner.opens_own("S1")
    refused = refusal(HttpRequestError, transfer, partner, kind, partner.api_key, key, 10_000_000_001)
    assert refused == invalid(BAD_AMOUNT)


@pytest.mark.parametrize("kind", KINDS)
def test_source_and_target_must_differ(partner, kind):
    refused = refusal(HttpRequestError, transfer, partner, kind, partner.api_key, partner.api_key, 1)
    assert refused == invalid(SAME_ACCOUNTS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_at_fault_is_named(partner, kind):
    def faults(call, *arguments, **options):
        status, body = refusal(HttpRequestError, lambda: call(partner, kind, *arguments, **options))
        assert status == 422
        return sorted((fault["name"], fault["reason"]) for fault in body["invalid_parameters"])

    dates = {"start_date": "yesterday", "end_date": "tomorrow"}
    assert faults(transfers, **dates) == [("end_date", "Malformed"), ("start_date", "Malformed")]
    assert faults(transfer, partner.api_key, partner.api_key, 0) == [BAD_AMOUNT, SAME_ACCOUNTS]
