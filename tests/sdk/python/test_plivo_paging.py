"""Lists: their order, their pages, and the SDK's own walk through them."""

import pytest
from operator_api import fresh_number
from plivo_refusals import refusal

COUNT = 45


@pytest.fixture(scope="module")
def partner_of_45(plivo_partner_with):
    partner = plivo_partner_with("0")
    for n in range(COUNT):
        partner.opens(f"S{n}", enabled=n % 2 == 0)
    return partner


NEWEST_FIRST = [f"S{n}" for n in reversed(range(COUNT))]


def test_the_iterator_walks_through_all_of_them(partner_of_45):
    before = partner_of_45.wire.sent
    walked = [(it.name, it.enabled) for it in partner_of_45.sdk.subaccounts]
    assert walked == [(name, int(name[1:]) % 2 == 0) for name in NEWEST_FIRST]
    # It follows `next`, and asks for no page after the last.
    assert partner_of_45.wire.sent - before == 3


@pytest.mark.parametrize("limit", [20, 7, 1])
def test_offsets_walk_through_all_of_them(partner_of_45, limit):
    uri = f"{partner_of_45.uri}Subaccount/"
    walked = []
    for offset in range(0, COUNT + 2 * limit, limit):
        page = partner_of_45.sdk.subaccounts.list(limit=limit, offset=offset)
        walked += [it.name for it in page]
        after, before = offset + limit, max(0, offset - limit)
        assert partner_of_45.wire.body["meta"] == {
            "limit": limit,
            "next": f"{uri}?limit={limit}&offset={after}" if after < COUNT else None,
            "offset": offset,
            "previous": f"{uri}?limit={limit}&offset={before}" if offset else None,
            "total_count": COUNT,
        }
        assert not any("api_id" in it for it in partner_of_45.wire.body["objects"])
    assert walked == NEWEST_FIRST


def test_a_list_has_twenty_of_them_from_the_newest_on_unless_told_otherwise(partner_of_45):
    page = partner_of_45.sdk.subaccounts.list()
    assert [it.name for it in page] == NEWEST_FIRST[:20]
    assert len(page) == 20
    assert [it.name for it in partner_of_45.sdk.subaccounts.list(limit=3, offset=44)] == ["S0"]


def test_a_listed_subaccount_is_what_get_shows(partner_of_45):
    (listed,) = partner_of_45.sdk.subaccounts.list(limit=1)
    objects = partner_of_45.wire.body["objects"]
    partner_of_45.sdk.subaccounts.get(listed.auth_id)
    assert objects == [partner_of_45.wire.body]


def test_nobody_has_an_empty_list(plivo_partner):
    sdk = plivo_partner.sdk
    for resource, name in (
        (sdk.subaccounts, "Subaccount"),
        (sdk.applications, "Application"),
        (sdk.endpoints, "Endpoint"),
        (sdk.numbers, "Number"),
    ):
        assert list(resource) == [], name
        assert plivo_partner.wire.body == {
            "meta": {"limit": 20, "next": None, "offset": 0, "previous": None, "total_count": 0},
            "objects": [],
        }


def test_the_other_lists_walk_newest_first_too(plivo_partner):
    sdk = plivo_partner.sdk
    for n in range(23):
        plivo_partner.opens_application(f"app-{n}")
        plivo_partner.opens_endpoint(f"phone{n}")
    numbers = {fresh_number("4420") for _ in range(23)}
    sdk.numbers.create(",".join(numbers), carrier="own", region="London")

    assert [it.app_name for it in sdk.applications] == [f"app-{n}" for n in reversed(range(23))]
    assert [it.alias for it in sdk.endpoints] == [f"phone{n}" for n in reversed(range(23))]
    assert {it.number for it in sdk.numbers} == numbers
    for resource in (sdk.applications, sdk.endpoints, sdk.numbers):
        assert len(resource.list(limit=20, offset=20)) == 3
        assert len(resource.list(limit=20, offset=40)) == 0


def test_a_filter_stays_in_the_links_of_a_page(plivo_partner):
    sub = plivo_partner.opens("S1").auth_id
    for name in ("a", "b", "c"):
        plivo_partner.opens_application(name, subaccount=sub)
    plivo_partner.opens_application("main")
    names = []
    for offset in (0, 1, 2):
        names += [it.app_name for it in plivo_partner.sdk.applications.list(sub, limit=1, offset=offset)]
        assert plivo_partner.wire.body["meta"]["total_count"] == 3
    assert names == ["c", "b", "a"]
    links = plivo_partner.wire.body["meta"]
    assert links["next"] is None
    assert f"subaccount={sub}" in links["previous"]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ({"limit": 21}, "limit must be an integer from 1 to 20"),
        ({"limit": 0}, "limit must be an integer from 1 to 20"),
        ({"limit": "ten"}, "limit must be an integer from 1 to 20"),
        ({"offset": -1}, "offset must be a non-negative integer"),
    ],
)
def test_a_page_that_cannot_be_is_refused(plivo_partner, page, text):
    # Search is the one list whose page the SDK does not look at before it asks.
    assert refusal(plivo_partner, plivo_partner.sdk.numbers.search, "GB", **page) == (400, text)
