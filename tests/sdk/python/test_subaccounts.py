"""List, create, get, modify."""

from books import books, row
from refusals import BAD_NAME, NOT_BACK_TO_SHARED, invalid, refusal, suspended
from vonage_http_client.errors import ForbiddenError, HttpRequestError
from vonage_subaccounts import ModifySubaccountOptions, TransferRequest
from wire import assert_account, last_body


def modify(caller, api_key, **options):
    return caller.subaccounts.modify_subaccount(api_key, ModifySubaccountOptions(**options))


def test_a_new_primary_lists_itself_and_no_subaccount(partner):
    listing = partner.subaccounts.list_subaccounts()
    assert listing.subaccounts == []
    assert (listing.total_balance, listing.total_credit_limit) == (0, -100)
    primary = listing.primary_account
    assert (primary.api_key, primary.name, primary.suspended) == (partner.api_key, "Partner", False)
    assert (primary.balance, primary.credit_limit) == (0, -100)
    assert_account(last_body(partner)["_embedded"]["primary_account"])


def test_the_list_has_every_subaccount_in_the_order_of_creation(partner, operator):
    shared = partner.opens("Shared").api_key
    own = partner.opens_own("Own")
    native = operator.open_subaccount(partner.api_key, "Opened by the native API", "shared")["api_key"]

    listing = partner.subaccounts.list_subaccounts()
    assert [subaccount.api_key for subaccount in listing.subaccounts] == [shared, own, native]
    assert [subaccount.use_primary_account_balance for subaccount in listing.subaccounts] == [
        True,
        False,
        True,
    ]
    assert {subaccount.primary_account_api_key for subaccount in listing.subaccounts} == {partner.api_key}

    body = last_body(partner)
    assert body["_links"] == {"self": {"href": f"/accounts/{partner.api_key}/subaccounts"}}
    for account in body["_embedded"]["subaccounts"]:
        assert_account(account)


def test_a_subaccount_shares_the_primarys_balance_unless_asked_otherwise(partner):
    created = partner.opens("End customer 1")
    assert created.use_primary_account_balance is True
    assert (created.balance, created.credit_limit) == (None, None)
    assert (created.name, created.suspended) == ("End customer 1", False)
    assert created.primary_account_api_key == partner.api_key
    assert partner.sdk.http_client.last_response.status_code == 200
    assert_account(last_body(partner))


def test_a_subaccount_with_an_own_balance_starts_at_zero(partner):
    created = partner.opens("End customer 1", use_primary_account_balance=False)
    assert created.use_primary_account_balance is False
    assert (created.balance, created.credit_limit) == (0, 0)
    assert_account(last_body(partner))


def test_a_chosen_secret_is_answered_and_works(partner, calling):
    created = partner.opens("End customer 1", secret="Password123", use_primary_account_balance=False)
    assert created.secret == "Password123"
    assert calling(created.api_key, "Password123").account.get_balance().value == 0


def test_a_generated_secret_is_answered_once_and_works(partner, calling):
    created = partner.opens("End customer 1", use_primary_account_balance=False)
    assert calling(created.api_key, created.secret).account.get_balance().value == 0
    partner.subaccounts.get_subaccount(created.api_key)
    assert "secret" not in last_body(partner)
    partner.subaccounts.list_subaccounts()
    assert "secret" not in last_body(partner)["_embedded"]["subaccounts"][0]


def test_two_generated_secrets_differ(partner):
    assert partner.opens("End customer 1").secret != partner.opens("End customer 2").secret


def test_a_name_comes_back_as_it_was_sent(partner):
    # 80 characters of three bytes each: the limit counts characters.
    for name in ("€" * 80, " padded ", "Zoë & Søn \N{SNOWMAN}"):
        created = partner.opens(name)
        assert created.name == name
        assert partner.subaccounts.get_subaccount(created.api_key).name == name


def test_get_answers_what_create_answered(partner):
    created = partner.opens("End customer 1", use_primary_account_balance=False)
    found = partner.subaccounts.get_subaccount(created.api_key)
    assert found.model_dump() == created.model_dump(exclude={"secret"})
    assert_account(last_body(partner))


def test_a_key_is_found_in_upper_case_too(partner):
    key = partner.opens("End customer 1").api_key
    assert partner.subaccounts.get_subaccount(key.upper()).api_key == key


def test_a_subaccount_is_renamed(partner):
    key = partner.opens("End customer 1").api_key
    assert modify(partner, key, name="Renamed").name == "Renamed"
    assert_account(last_body(partner))
    assert partner.subaccounts.get_subaccount(key).name == "Renamed"


def test_an_empty_change_changes_nothing(partner):
    before = partner.opens("End customer 1")
    assert modify(partner, before.api_key).model_dump() == before.model_dump(exclude={"secret"})


def test_suspending_is_listed_and_reactivating_ends_it(partner):
    key = partner.opens_own("End customer 1")
    # Each twice: asked again, it is the same answer.
    for wanted in (True, True, False, False):
        assert modify(partner, key, suspended=wanted).suspended is wanted
        assert partner.subaccounts.get_subaccount(key).suspended is wanted
        assert partner.subaccounts.list_subaccounts().subaccounts[0].suspended is wanted


def test_a_suspended_subaccount_cannot_call_until_it_is_reactivated(partner, calling):
    created = partner.opens("End customer 1", use_primary_account_balance=False)
    customer = calling(created.api_key, created.secret)
    assert len(customer.account.list_secrets()) == 1

    modify(partner, created.api_key, suspended=True)
    assert refusal(ForbiddenError, customer.account.list_secrets) == suspended()
    assert refusal(ForbiddenError, customer.subaccounts.list_subaccounts) == suspended()

    modify(partner, created.api_key, suspended=False)
    assert len(customer.account.list_secrets()) == 1


def test_the_primary_still_moves_money_to_and_from_a_suspended_subaccount(partner):
    key = partner.opens_own("S1")
    modify(partner, key, suspended=True)

    def move(transfer, source, target, amount):
        transfer(TransferRequest(from_=source, to=target, amount=amount))

    move(partner.subaccounts.transfer_credit, partner.api_key, key, 30)
    move(partner.subaccounts.transfer_balance, partner.api_key, key, 20)
    move(partner.subaccounts.transfer_credit, key, partner.api_key, 10)
    move(partner.subaccounts.transfer_balance, key, partner.api_key, 15)
    assert books(partner) == row(Partner="-5/-80", S1="5/-20", total="0/-100")


def test_shared_becomes_own_at_zero_and_what_was_used_stays_with_the_primary(partner, operator):
    key = partner.opens("S1").api_key
    operator.charge(key, "20")
    assert books(partner) == row(Partner="-20/-100", S1="-/-", total="-20/-100")

    changed = modify(partner, key, use_primary_account_balance=False)
    assert changed.use_primary_account_balance is False
    assert (changed.balance, changed.credit_limit) == (0, 0)
    assert books(partner) == row(Partner="-20/-100", S1="0/0", total="-20/-100")


def test_own_never_becomes_shared_again(partner):
    key = partner.opens_own("End customer 1")
    before = partner.subaccounts.get_subaccount(key)
    # The name is valid, but a change is made whole or not at all.
    change = ModifySubaccountOptions(use_primary_account_balance=True, name="Renamed", suspended=True)
    refused = refusal(HttpRequestError, partner.subaccounts.modify_subaccount, key, change)
    assert refused == invalid(NOT_BACK_TO_SHARED)
    assert partner.subaccounts.get_subaccount(key) == before


def test_the_balance_mode_that_is_already_there_changes_nothing(partner):
    shared, own = partner.opens("Shared").api_key, partner.opens_own("Own")
    assert modify(partner, shared, use_primary_account_balance=True).use_primary_account_balance is True
    assert modify(partner, own, use_primary_account_balance=False).use_primary_account_balance is False


def test_a_name_that_is_blank_or_too_long_is_refused(partner):
    key = partner.opens("End customer 1").api_key
    # The SDK itself lets these through: its model of a change has no limits, that of a new one allows blanks.
    for name in ("", "   ", "x" * 81):
        assert refusal(HttpRequestError, lambda name=name: modify(partner, key, name=name)) == invalid(
            BAD_NAME
        )
    assert refusal(HttpRequestError, partner.opens, "   ") == invalid(BAD_NAME)
    assert [account.name for account in partner.subaccounts.list_subaccounts().subaccounts] == [
        "End customer 1"
    ]
