"""Numbers: searched and rented, owned, brought along, moved and given back."""

import pytest
from operator_api import fresh_number
from plivo_caller import SUBACCOUNT_ID_UNKNOWN
from plivo_refusals import NOT_FOUND, refusal

NUMBER_UNKNOWN = "447700800000"


@pytest.fixture
def rented(operator):
    """`rented(caller)`: a number that the caller took from the stock."""

    def rent(caller, **terms) -> str:
        number = fresh_number()
        operator.stock("GB", number, **terms)
        caller.sdk.numbers.buy(number)
        return number

    return rent


def numbers_of(caller, **filters) -> list[str]:
    return sorted(it.number for it in caller.sdk.numbers.list(**filters))


def found(caller, country, **filters) -> list[str]:
    return sorted(it.number for it in caller.sdk.numbers.search(country, **filters).objects)


# Searches look at the whole stock: each test that searches has a country of its own.


def test_search_shows_what_may_be_rented_and_at_what_cost(plivo_partner, operator):
    operator.stock("DK", "4512345678", type="local", features=["SMS", "VOICE"], cost="1.25")
    page = plivo_partner.sdk.numbers.search("DK")
    assert plivo_partner.wire.body["meta"] == {
        "limit": 20,
        "next": None,
        "offset": 0,
        "previous": None,
        "total_count": 1,
    }
    (offer,) = plivo_partner.wire.body["objects"]
    assert offer["number"] == "4512345678"
    assert offer["resource_uri"] == f"{plivo_partner.uri}PhoneNumber/4512345678/"
    assert (offer["setup_rate"], offer["monthly_rental_rate"]) == ("1.25000", "0.00000")
    assert (offer["type"], offer["sms_enabled"], offer["voice_enabled"]) == ("local", True, True)
    assert offer["mms_enabled"] is False
    assert page.objects[0].number == "4512345678"


def test_search_is_narrowed_by_type_services_and_pattern(plivo_partner, operator):
    operator.stock("SE", "46700000001", type="mobile", features=["SMS"])
    operator.stock("SE", "46800000002", type="local", features=["VOICE"])
    operator.stock("SE", "46200000003", type="tollfree", features=["SMS", "VOICE", "MMS"])
    assert found(plivo_partner, "SE") == ["46200000003", "46700000001", "46800000002"]
    assert found(plivo_partner, "SE", type="any") == ["46200000003", "46700000001", "46800000002"]
    assert found(plivo_partner, "SE", type="tollfree") == ["46200000003"]
    assert found(plivo_partner, "SE", type="local") == ["46800000002"]
    assert found(plivo_partner, "SE", services="voice") == ["46200000003", "46800000002"]
    assert found(plivo_partner, "SE", services="sms,voice") == ["46200000003"]
    # A pattern is what follows the country's code.
    assert found(plivo_partner, "SE", pattern="70") == ["46700000001"]
    assert found(plivo_partner, "NO") == []


def test_search_has_pages(plivo_partner, operator):
    for n in range(5):
        operator.stock("FI", f"35840000000{n}")
    walked = [found(plivo_partner, "FI", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [len(page) for page in walked] == [2, 2, 1, 0]
    assert sorted(sum(walked, [])) == [f"35840000000{n}" for n in range(5)]


def test_buy_takes_a_number_from_the_stock_and_its_cost_from_the_balance(plivo_partner, operator):
    operator.stock("CH", "41790000001", cost="2.5")
    operator.pay(plivo_partner.auth_id, "10")
    answer = plivo_partner.sdk.numbers.buy("41790000001")
    assert (plivo_partner.wire.status, answer.message) == (201, "created")
    assert plivo_partner.wire.body == {
        "message": "created",
        "numbers": [{"number": "41790000001", "status": "Success"}],
        "status": "fulfilled",
    }
    assert plivo_partner.cash() == "7.50000"
    assert numbers_of(plivo_partner) == ["41790000001"]
    assert found(plivo_partner, "CH") == []

    assert plivo_partner.sdk.numbers.delete("41790000001") is None
    assert plivo_partner.wire.status == 204
    # It is for rent again, and what it cost is gone.
    assert (numbers_of(plivo_partner), found(plivo_partner, "CH")) == ([], ["41790000001"])
    assert plivo_partner.cash() == "7.50000"
    assert refusal(plivo_partner, plivo_partner.sdk.numbers.delete, "41790000001") == NOT_FOUND


def test_get_shows_the_whole_number(plivo_partner, operator):
    app_id = plivo_partner.opens_application()
    number = fresh_number("1415")
    operator.stock("US", number, type="local", features=["SMS", "VOICE", "MMS"], cost="0.8")
    plivo_partner.sdk.numbers.buy(number, app_id=app_id)
    got = plivo_partner.sdk.numbers.get(number)
    assert plivo_partner.wire.body == {
        "active": True,
        "added_on": got.added_on,
        "alias": None,
        "application": f"{plivo_partner.uri}Application/{app_id}/",
        "carrier": "Plivo",
        "city": None,
        "cnam_lookup": None,
        "compliance_application_id": None,
        "compliance_status": None,
        "country": "US",
        "mms_enabled": True,
        "mms_rate": "0.00000",
        "monthly_rental_rate": "0.00000",
        "number": number,
        "number_type": "local",
        "region": got.region,
        "renewal_date": None,
        "resource_uri": f"{plivo_partner.uri}Number/{number}/",
        "sms_enabled": True,
        "sms_rate": "0.00000",
        "sub_account": None,
        "sub_account_name": None,
        "tendlc_campaign_id": None,
        "tendlc_registration_status": got.tendlc_registration_status,
        "toll_free_sms_verification": None,
        "toll_free_sms_verification_id": None,
        "toll_free_sms_verification_order_status": None,
        "type": "local",
        "verification_info": [],
        "voice_enabled": True,
        "voice_rate": "0.00000",
    }
    assert isinstance(got.region, str)
    assert len(got.added_on) == len("2014-02-14")
    assert got.id == number


def test_a_listed_number_is_what_get_shows(plivo_partner, rented):
    number = rented(plivo_partner)
    plivo_partner.sdk.numbers.list()
    objects = plivo_partner.wire.body["objects"]
    plivo_partner.sdk.numbers.get(number)
    assert objects == [plivo_partner.wire.body]


def test_a_number_that_one_cannot_pay_for_is_not_bought(plivo_partner_with, operator):
    partner = plivo_partner_with("1")
    number = fresh_number()
    operator.stock("GB", number, cost="1.01")
    status, text = refusal(partner, partner.sdk.numbers.buy, number)
    assert status == 400
    assert "1.01" in text
    assert (numbers_of(partner), partner.cash()) == ([], "0.00000")


def test_a_number_that_is_not_for_rent_is_not_found(plivo_partner, plivo_stranger, rented):
    for number in (NUMBER_UNKNOWN, "no-number", rented(plivo_stranger), rented(plivo_partner)):
        assert refusal(plivo_partner, plivo_partner.sdk.numbers.buy, number) == NOT_FOUND


def test_an_own_number_is_added_and_gone_when_deleted(plivo_partner):
    numbers = plivo_partner.sdk.numbers
    app_id = plivo_partner.opens_application()
    sub = plivo_partner.opens("S1")
    first, second = fresh_number("1510"), fresh_number("1510")
    # A list of them would be sent as Python prints it.
    both = f"{first},{second}"
    answer = numbers.create(both, carrier="C1", region="Oakland", number_type="local", app_id=app_id)
    assert (plivo_partner.wire.status, answer.message) == (202, "changed")
    assert plivo_partner.wire.body == {"message": "changed"}
    for number in (first, second):
        got = numbers.get(number)
        assert (got.carrier, got.region, got.number_type) == ("C1", "Oakland", "local")
        assert got.application == f"{plivo_partner.uri}Application/{app_id}/"

    third = fresh_number("1510")
    numbers.create(third, carrier="C1", region="Oakland", subaccount=sub.auth_id)
    assert numbers.get(third).sub_account == sub.auth_id

    assert numbers.delete(first) is None
    assert refusal(plivo_partner, numbers.get, first) == NOT_FOUND
    # It never was in the stock, and is not now.
    assert refusal(plivo_partner, numbers.buy, first) == NOT_FOUND


def test_a_number_that_somebody_has_is_not_added(plivo_partner, plivo_stranger, rented):
    taken, free = rented(plivo_stranger), fresh_number("1510")
    status, text = refusal(plivo_partner, plivo_partner.sdk.numbers.create, f"{free},{taken}", "C1", "London")
    assert status == 400
    assert "numbers" in text
    assert numbers_of(plivo_partner) == []


def test_update_changes_what_is_given_and_leaves_the_rest(plivo_partner, rented):
    numbers = plivo_partner.sdk.numbers
    number, app_id = rented(plivo_partner), plivo_partner.opens_application()
    uri = f"{plivo_partner.uri}Application/{app_id}/"
    answer = numbers.update(number, alias="Front desk")
    assert (plivo_partner.wire.status, answer.message) == (202, "changed")
    assert plivo_partner.wire.body == {"message": "changed"}
    numbers.update(number, app_id=app_id)
    got = numbers.get(number)
    assert (got.alias, got.application, got.sub_account) == ("Front desk", uri, None)

    # Nothing else unlinks it: this SDK leaves out what is None.
    numbers.update(number, app_id="")
    got = numbers.get(number)
    assert (got.alias, got.application) == ("Front desk", None)


def test_what_else_the_sdk_says_of_a_number_is_kept_or_does_no_harm(plivo_partner, operator, rented):
    numbers, number, other = plivo_partner.sdk.numbers, fresh_number(), rented(plivo_partner)
    operator.stock("GB", number)
    compliance = {"verification_info": {"street": "1 Wayne Tower"}, "compliance_application_id": "c1"}
    assert numbers.buy(number, cnam_lookup="enabled", ha_enable=True, **compliance).status == "fulfilled"
    assert numbers.get(number).cnam_lookup == "enabled"
    assert numbers_of(plivo_partner, cnam_lookup="enabled") == [number]

    numbers.update(other, cnam_lookup="enabled", verification_info={"street": "1 Wayne Tower"})
    assert numbers_of(plivo_partner, cnam_lookup="enabled") == sorted([number, other])


def test_a_filter_that_cannot_be_is_refused(plivo_partner):
    numbers = plivo_partner.sdk.numbers
    for call, filters, argument in (
        (numbers.list, {"type": "satellite"}, "type"),
        (numbers.list, {"subaccount": SUBACCOUNT_ID_UNKNOWN}, "subaccount"),
        (numbers.search, {"country_iso": "GB", "type": "satellite"}, "type"),
        (numbers.search, {"country_iso": "GB", "services": "fax"}, "services"),
        (numbers.search, {"country_iso": "GBR"}, "country_iso"),
    ):
        status, text = refusal(plivo_partner, call, **filters)
        assert status == 400
        assert argument in text


def test_what_a_list_gave_updates_and_deletes_itself(plivo_partner, rented):
    number = rented(plivo_partner)
    (listed,) = plivo_partner.sdk.numbers
    assert listed.update(alias="Front desk").message == "changed"
    got = plivo_partner.sdk.numbers.get(number)
    assert got.alias == "Front desk"
    assert got.delete() is None
    assert list(plivo_partner.sdk.numbers) == []


def test_a_number_goes_to_a_subaccount_and_back(plivo_partner, rented):
    numbers = plivo_partner.sdk.numbers
    sub = plivo_partner.opens_caller("Marketing")
    number = rented(plivo_partner)
    assert (numbers_of(plivo_partner), numbers_of(sub)) == ([number], [])

    numbers.update(number, subaccount=sub.auth_id)
    got = numbers.get(number)
    assert (got.sub_account, got.sub_account_name) == (sub.auth_id, "Marketing")
    assert got.resource_uri == f"{plivo_partner.uri}Number/{number}/"
    own = sub.sdk.numbers.get(number)
    assert (own.sub_account, own.resource_uri) == (sub.auth_id, f"{sub.uri}Number/{number}/")
    assert (numbers_of(plivo_partner), numbers_of(sub)) == ([number], [number])

    numbers.update(number, subaccount="")
    got = numbers.get(number)
    assert (got.sub_account, got.sub_account_name) == (None, None)
    assert numbers_of(sub) == []
    assert refusal(sub, sub.sdk.numbers.get, number) == NOT_FOUND


def test_a_number_neither_goes_to_nor_comes_from_a_disabled_subaccount(plivo_partner, rented):
    numbers, subaccounts = plivo_partner.sdk.numbers, plivo_partner.sdk.subaccounts
    sub = plivo_partner.opens("S1").auth_id
    taken, given = rented(plivo_partner), rented(plivo_partner)
    numbers.update(given, subaccount=sub)
    subaccounts.update(sub, "S1", enabled=False)
    for number, target in ((taken, sub), (given, "")):
        assert refusal(plivo_partner, numbers.update, number, subaccount=target)[0] == 400
    assert [numbers.get(it).sub_account for it in (taken, given)] == [None, sub]


def test_a_number_does_not_leave_the_family(plivo_partner, plivo_stranger, rented):
    numbers, number = plivo_partner.sdk.numbers, rented(plivo_partner)
    for target in (SUBACCOUNT_ID_UNKNOWN, plivo_stranger.opens("Theirs").auth_id, plivo_stranger.auth_id):
        status, text = refusal(plivo_partner, numbers.update, number, subaccount=target)
        assert status == 400
        assert "subaccount" in text
    assert numbers.get(number).sub_account is None


def test_a_list_is_filtered(plivo_partner, operator):
    numbers = plivo_partner.sdk.numbers
    sub = plivo_partner.opens("S1").auth_id
    mobile, local = fresh_number("447701"), fresh_number("442071")
    operator.stock("GB", mobile, type="mobile", features=["SMS"])
    operator.stock("GB", local, type="local", features=["SMS", "VOICE"])
    for number in (mobile, local):
        numbers.buy(number)
    numbers.update(mobile, subaccount=sub, alias="Reception")

    assert numbers_of(plivo_partner) == sorted([mobile, local])
    for filters, number in (
        ({"type": "local"}, local),
        ({"number_startswith": "447701"}, mobile),
        ({"subaccount": sub}, mobile),
        ({"alias": "Reception"}, mobile),
        ({"services": "voice"}, local),
        ({"services": ["sms", "voice"]}, local),
    ):
        assert numbers_of(plivo_partner, **filters) == [number], filters
    assert numbers_of(plivo_partner, services="mms") == []
    assert numbers_of(plivo_partner, alias="Nobody") == []
    assert numbers_of(plivo_partner, services="sms", limit=1, offset=2) == []


def test_a_subaccount_neither_rents_nor_searches_nor_moves(plivo_partner, operator, rented):
    sub, sibling = plivo_partner.opens_caller("S1"), plivo_partner.opens("S2")
    number, in_stock = rented(plivo_partner), fresh_number()
    operator.stock("GB", in_stock)
    plivo_partner.sdk.numbers.update(number, subaccount=sub.auth_id)
    assert refusal(sub, sub.sdk.numbers.search, "GB") == NOT_FOUND
    assert refusal(sub, sub.sdk.numbers.buy, in_stock) == NOT_FOUND
    for target in (sibling.auth_id, ""):
        assert refusal(sub, sub.sdk.numbers.update, number, subaccount=target)[0] == 400
    assert numbers_of(sub) == [number]

    # What is its own it names and links.
    app_id = sub.opens_application()
    sub.sdk.numbers.update(number, alias="Mine", app_id=app_id)
    seen = plivo_partner.sdk.numbers.get(number)
    assert (seen.alias, seen.application) == ("Mine", f"{plivo_partner.uri}Application/{app_id}/")


def test_a_number_of_nobody_or_of_somebody_else_is_not_found(plivo_partner, plivo_stranger, rented):
    numbers, theirs = plivo_partner.sdk.numbers, rented(plivo_stranger)
    for number in (NUMBER_UNKNOWN, "no-number", theirs):
        assert refusal(plivo_partner, numbers.get, number) == NOT_FOUND
        assert refusal(plivo_partner, numbers.update, number, alias="Mine") == NOT_FOUND
        assert refusal(plivo_partner, numbers.delete, number) == NOT_FOUND
    assert numbers_of(plivo_stranger) == [theirs]
