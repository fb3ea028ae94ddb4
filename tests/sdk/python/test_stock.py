"""Numbers of the stock and of one's own: search, buy, list, update, cancel."""

import pytest
from operator_api import fresh_number
from plivo_caller import plivo_calling_as
from refusals import rest_refusal
from vonage_http_client.errors import AuthenticationError, HttpRequestError
from vonage_numbers import (
    ListOwnedNumbersFilter,
    NumberParams,
    SearchAvailableNumbersFilter,
    UpdateNumberParams,
)

NUMBER_UNKNOWN = "447700800000"
SUCCESS = ("200", "success")


@pytest.fixture
def stocked(operator):
    """`stocked()`: a number that anybody may rent."""

    def stock(prefix: str = "447700", country: str = "GB", **terms) -> str:
        number = fresh_number(prefix)
        operator.stock(country, number, **terms)
        return number

    return stock


def status(answer) -> tuple[str, str]:
    return answer.error_code, answer.error_code_label


def buy(caller, msisdn, country="GB", target=None):
    request = NumberParams(country=country, msisdn=msisdn, target_api_key=target)
    return status(caller.numbers.buy_number(request))


def cancel(caller, msisdn, country="GB", target=None):
    request = NumberParams(country=country, msisdn=msisdn, target_api_key=target)
    return status(caller.numbers.cancel_number(request))


def owned(caller, **filters) -> list[str]:
    numbers, count, _ = caller.numbers.list_owned_numbers(ListOwnedNumbersFilter(**filters))
    assert count == len(numbers)
    return sorted(it.msisdn for it in numbers)


def failed(call, *arguments, **options) -> str:
    """The label of a refusal by 420."""
    code, body = rest_refusal(HttpRequestError, lambda: call(*arguments, **options))
    assert (code, body.keys()) == (420, {"error-code", "error-code-label"})
    assert body["error-code"] == "420"
    label = body["error-code-label"]
    assert label.startswith("method failed")
    return label


def test_nobody_owns_an_empty_list(partner):
    assert partner.numbers.list_owned_numbers() == ([], 0, None)
    assert partner.sdk.http_client.last_response.json() == {"count": 0, "numbers": []}


@pytest.mark.parametrize(
    ("stock_type", "wire_type"),
    [
        ("mobile", "mobile-lvn"),
        ("local", "landline"),
        ("national", "landline"),
        ("tollfree", "landline-toll-free"),
        ("shortcode", "mobile-shortcode"),
    ],
)
def test_a_number_is_searched_bought_listed_and_cancelled(partner, stocked, stock_type, wire_type):
    number = stocked(type=stock_type, features=["SMS", "VOICE"], cost="1.25")
    search = SearchAvailableNumbersFilter(country="GB", pattern=number, search_pattern=0)
    (offer,), count, following = partner.numbers.search_available_numbers(search)
    assert (count, following) == (1, None)
    assert (offer.country, offer.msisdn, offer.type, offer.cost) == ("GB", number, wire_type, "1.25")
    assert sorted(offer.features) == ["SMS", "VOICE"]

    assert buy(partner, number) == SUCCESS
    assert partner.account.get_balance().value == -1.25
    (mine,), count, following = partner.numbers.list_owned_numbers()
    assert (count, following) == (1, None)
    assert (mine.country, mine.msisdn, mine.type) == ("GB", number, wire_type)
    assert sorted(mine.features) == ["SMS", "VOICE"]
    assert partner.numbers.search_available_numbers(search) == ([], 0, None)

    assert cancel(partner, number) == SUCCESS
    assert owned(partner) == []
    # It is for rent again, and what it cost is gone.
    assert partner.numbers.search_available_numbers(search)[1] == 1
    assert partner.account.get_balance().value == -1.25


def test_search_is_narrowed_by_type_features_and_pattern(partner, stocked):
    sms = stocked("46701", "SE", type="mobile", features=["SMS"])
    voice = stocked("46801", "SE", type="local", features=["VOICE"])
    all_three = stocked("46201", "SE", type="tollfree", features=["SMS", "VOICE", "MMS"])

    def found(**filters):
        filters = {"country": "SE"} | filters
        available, _, _ = partner.numbers.search_available_numbers(SearchAvailableNumbersFilter(**filters))
        return {it.msisdn for it in available} & {sms, voice, all_three}

    assert found() == {sms, voice, all_three}
    assert found(type="landline") == {voice}
    assert found(type="landline-toll-free") == {all_three}
    assert found(features="SMS") == {sms, all_three}
    assert found(features="SMS,VOICE") == {all_three}
    assert found(pattern="46701", search_pattern=0) == {sms}
    assert found(pattern=voice[2:8], search_pattern=1) >= {voice}
    assert found(pattern=all_three[-6:], search_pattern=2) == {all_three}
    assert found(pattern="6701", search_pattern=0) == set()
    assert found(country="NO") == set()


def test_owned_numbers_are_narrowed_and_have_pages(partner, operator):
    numbers = [fresh_number("4477") for _ in range(5)]
    for number in numbers:
        operator.give_number(partner.api_key, "GB", number)
    swedish = fresh_number("4670")
    operator.give_number(partner.api_key, "SE", swedish)

    assert owned(partner) == sorted([*numbers, swedish])
    assert owned(partner, country="SE") == [swedish]
    assert owned(partner, pattern="467", search_pattern=0) == [swedish]
    assert owned(partner, pattern=numbers[0][2:], search_pattern=1) == [numbers[0]]
    assert owned(partner, pattern=numbers[0][-6:], search_pattern=2) == [numbers[0]]
    assert owned(partner, pattern="77", search_pattern=0) == []

    walked, index = [], 1
    while index:
        page, count, index = partner.numbers.list_owned_numbers(ListOwnedNumbersFilter(size=4, index=index))
        assert count == 6
        walked.append([it.msisdn for it in page])
    assert [len(page) for page in walked] == [4, 2]
    assert sorted(sum(walked, [])) == sorted([*numbers, swedish])


def test_a_number_is_bought_and_cancelled_for_a_subaccount(partner, calling, stocked):
    shares = partner.opens("Shares")
    own = partner.opens("Own", use_primary_account_balance=False, secret="Password123")
    first, second = stocked(cost="2"), stocked(cost="0")
    assert buy(partner, first, target=shares.api_key) == SUCCESS
    assert buy(partner, second, target=own.api_key) == SUCCESS

    customer = calling(shares.api_key, shares.secret)
    assert (owned(customer), owned(calling(own.api_key, own.secret))) == ([first], [second])
    assert partner.account.get_balance().value == -2

    assert failed(cancel, partner, second, target=shares.api_key)
    assert cancel(partner, first, target=shares.api_key) == SUCCESS
    assert cancel(partner, second, target=own.api_key) == SUCCESS
    assert owned(customer) == []


def test_the_cost_is_taken_from_the_account_that_gets_the_number(partner, stocked):
    own = partner.opens("Own", use_primary_account_balance=False)
    number = stocked(cost="1.5")
    label = failed(buy, partner, number, target=own.api_key)
    assert "1.50" in label
    assert "0.00" in label
    assert buy(partner, number) == SUCCESS
    assert partner.account.get_balance().value == -1.5


def test_a_number_that_one_cannot_pay_for_is_not_bought(partner_with, stocked):
    partner = partner_with("1")
    number = stocked(cost="1.01")
    label = failed(buy, partner, number)
    # What is needed, and what is there.
    assert "1.01" in label
    assert "1.00" in label
    assert owned(partner) == []
    assert partner.account.get_balance().value == 0


def test_what_is_not_for_rent_or_not_owned_fails(partner, stranger, stocked):
    theirs, mine = stocked(), stocked()
    buy(stranger, theirs)
    buy(partner, mine)
    for number in (NUMBER_UNKNOWN, theirs, mine):
        assert failed(buy, partner, number)
    for number in (NUMBER_UNKNOWN, theirs):
        assert failed(cancel, partner, number)
        assert failed(partner.numbers.update_number, UpdateNumberParams(country="GB", msisdn=number))
    # A number is one of its country's.
    assert failed(cancel, partner, mine, country="US")
    assert (owned(partner), owned(stranger)) == ([mine], [theirs])


def test_nothing_is_done_for_an_account_of_another_family(partner, stranger, stocked):
    foreign, number = stranger.opens("Foreign").api_key, stocked()
    for target in (foreign, stranger.api_key, "00000000"):
        assert "target_api_key" in failed(buy, partner, number, target=target)
        assert "target_api_key" in failed(cancel, partner, number, target=target)
    assert owned(stranger) == []


def test_a_wrong_secret_is_unauthorized_in_every_operation(partner, calling):
    numbers = calling(partner.api_key, "Wrong1234").numbers
    params = NumberParams(country="GB", msisdn=NUMBER_UNKNOWN)
    for call in (
        (numbers.list_owned_numbers,),
        (numbers.search_available_numbers, SearchAvailableNumbersFilter(country="GB")),
        (numbers.buy_number, params),
        (numbers.cancel_number, params),
        (numbers.update_number, UpdateNumberParams(country="GB", msisdn=NUMBER_UNKNOWN)),
    ):
        assert rest_refusal(AuthenticationError, *call) == (
            401,
            {"error-code": "401", "error-code-label": "authentication failed"},
        )


def test_update_sets_the_webhooks_of_a_number(partner, stocked):
    number = stocked()
    buy(partner, number)

    def update(**changes):
        return status(
            partner.numbers.update_number(UpdateNumberParams(country="GB", msisdn=number, **changes))
        )

    def shown():
        (mine,), _, _ = partner.numbers.list_owned_numbers()
        return mine

    assert update(mo_http_url="https://example.com/inbound") == SUCCESS
    assert shown().mo_http_url == "https://example.com/inbound"
    assert update(voice_callback_type="tel", voice_callback_value="447700900999") == SUCCESS
    mine = shown()
    assert (mine.voice_callback_type, mine.voice_callback_value) == ("tel", "447700900999")
    assert mine.mo_http_url == "https://example.com/inbound"
    assert update(mo_http_url="") == SUCCESS
    assert not shown().mo_http_url


def test_update_links_an_application_that_plivos_sdk_made(tollgate, operator, calling, stocked):
    primary = operator.open_primary("Partner", "100")
    partner = calling(primary["api_key"], primary["secret"])
    plivo_partner = plivo_calling_as(tollgate, primary["auth_id"], primary["auth_token"])
    app_id = plivo_partner.opens_application()
    linked, free = stocked(), stocked()
    for number in (linked, free):
        buy(partner, number)
    change = UpdateNumberParams(country="GB", msisdn=linked, app_id=app_id)
    assert status(partner.numbers.update_number(change)) == SUCCESS

    assert owned(partner, has_application=True) == [linked]
    assert owned(partner, has_application=False) == [free]
    assert owned(partner, application_id=app_id) == [linked]
    uri = f"{plivo_partner.uri}Application/{app_id}/"
    assert plivo_partner.sdk.numbers.get(linked).application == uri
    foreign = UpdateNumberParams(country="GB", msisdn=free, app_id="1" * 17)
    assert failed(partner.numbers.update_number, foreign)
