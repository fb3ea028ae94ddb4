"""Deleting a subaccount, and what becomes of what it owns."""

from dataclasses import dataclass

import pytest
from operator_api import fresh_number
from plivo_caller import PlivoCaller
from plivo_refusals import NOT_FOUND, UNAUTHORIZED, refusal


@dataclass(frozen=True)
class Estate:
    """A subaccount and what it owns."""

    sub: PlivoCaller
    app_id: str
    endpoint_id: str
    rented: str
    brought: str


@pytest.fixture
def estate(plivo_partner, operator):
    sub = plivo_partner.opens_caller("S1")
    numbers = plivo_partner.sdk.numbers
    app_id = sub.opens_application("theirs")
    endpoint_id = sub.opens_endpoint("theirs", app_id=app_id)
    rented, brought = fresh_number(), fresh_number("1510")
    operator.stock("GB", rented)
    numbers.buy(rented)
    numbers.update(rented, subaccount=sub.auth_id)
    sub.sdk.numbers.update(rented, app_id=app_id)
    numbers.create(brought, carrier="C1", region="Oakland", subaccount=sub.auth_id)
    return Estate(sub, app_id, endpoint_id, rented, brought)


@pytest.mark.parametrize("cascade", [None, False])
def test_delete_hands_everything_to_the_main_account_unless_told_otherwise(plivo_partner, estate, cascade):
    sdk, auth_id = plivo_partner.sdk, estate.sub.auth_id
    assert sdk.subaccounts.delete(auth_id, cascade=cascade) is None
    assert plivo_partner.wire.status == 204
    # None leaves `cascade` out, which is false.
    assert plivo_partner.wire.sent_body.get("cascade") is cascade

    application = sdk.applications.get(estate.app_id)
    uri = f"{plivo_partner.uri}Application/{estate.app_id}/"
    assert (application.app_name, application.sub_account, application.resource_uri) == ("theirs", None, uri)
    endpoint = sdk.endpoints.get(estate.endpoint_id)
    assert (endpoint.sub_account, endpoint.application) == (None, uri)
    rented, brought = sdk.numbers.get(estate.rented), sdk.numbers.get(estate.brought)
    assert (rented.sub_account, rented.sub_account_name, rented.application) == (None, None, uri)
    assert (brought.sub_account, brought.carrier) == (None, "C1")


def test_delete_with_cascade_takes_everything_with_it(plivo_partner, plivo_stranger, estate):
    sdk, auth_id = plivo_partner.sdk, estate.sub.auth_id
    main_app = plivo_partner.opens_application("main")
    main_endpoint = plivo_partner.opens_endpoint("main", app_id=main_app)
    assert sdk.subaccounts.delete(auth_id=auth_id, cascade=True) is None
    assert plivo_partner.wire.status == 204
    assert plivo_partner.wire.sent_body == {"auth_id": auth_id, "cascade": True}

    assert [it.app_id for it in sdk.applications] == [main_app]
    assert [it.endpoint_id for it in sdk.endpoints] == [main_endpoint]
    assert list(sdk.numbers) == []
    for call in (
        (sdk.applications.get, estate.app_id),
        (sdk.endpoints.get, estate.endpoint_id),
        (sdk.numbers.get, estate.rented),
        (sdk.numbers.get, estate.brought),
    ):
        assert refusal(plivo_partner, *call) == NOT_FOUND
    # What came from the stock is back there; what the customer brought is not.
    assert plivo_stranger.sdk.numbers.buy(estate.rented).status == "fulfilled"
    assert refusal(plivo_stranger, plivo_stranger.sdk.numbers.buy, estate.brought) == NOT_FOUND


@pytest.mark.parametrize("cascade", [None, False, True])
def test_a_deleted_subaccount_is_nowhere_and_its_token_dead(plivo_partner, estate, cascade):
    subaccounts, auth_id = plivo_partner.sdk.subaccounts, estate.sub.auth_id
    stays = plivo_partner.opens("Stays").auth_id
    subaccounts.delete(auth_id, cascade)
    for call in (
        (subaccounts.get, auth_id),
        (subaccounts.update, auth_id, "Back", True),
        (subaccounts.delete, auth_id, cascade),
    ):
        assert refusal(plivo_partner, *call) == NOT_FOUND
    assert [it.auth_id for it in subaccounts] == [stays]
    assert refusal(estate.sub, estate.sub.sdk.account.get) == UNAUTHORIZED
    assert refusal(estate.sub, estate.sub.sdk.applications.list) == UNAUTHORIZED


def test_a_disabled_subaccount_may_be_deleted(plivo_partner):
    auth_id = plivo_partner.opens("S1", enabled=False).auth_id
    assert plivo_partner.sdk.subaccounts.delete(auth_id) is None
    assert list(plivo_partner.sdk.subaccounts) == []
