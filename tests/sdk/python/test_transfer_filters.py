"""What a list of transfers leaves out."""

import time
from datetime import datetime, timedelta

import pytest
from refusals import invalid, refusal
from test_transfers import EVER, KINDS, transfer, transfers
from vonage_http_client.errors import HttpRequestError

WAIT_SECONDS_MAX = 10


@pytest.mark.parametrize("kind", KINDS)
def test_the_subaccount_filter_leaves_the_transfers_from_and_to_it(partner, stranger, kind):
    first, second = partner.opens_own("S1"), partner.opens_own("S2")
    there = transfer(partner, kind, partner.api_key, first, 3)
    other = transfer(partner, kind, partner.api_key, second, 2)
    back = transfer(partner, kind, first, partner.api_key, 1)
    assert transfers(partner, kind, subaccount=first) == [back, there]
    assert transfers(partner, kind, subaccount=second) == [other]

    # A key that is not there and a key of another family look alike: nothing.
    foreign = stranger.opens_own("Foreign")
    transfer(stranger, kind, stranger.api_key, foreign, 1)
    assert transfers(partner, kind, subaccount=foreign) == []
    assert transfers(partner, kind, subaccount="00000000") == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_dates_bound_the_list_and_belong_to_it(partner, kind):
    key = partner.opens_own("S1")
    first = transfer(partner, kind, partner.api_key, key, 1)
    await_another_second_than(first.created_at)
    second = transfer(partner, kind, partner.api_key, key, 2)
    assert whole_second(first.created_at) < whole_second(second.created_at)

    assert transfers(partner, kind, start_date=first.created_at) == [second, first]
    assert transfers(partner, kind, start_date=second.created_at) == [second]
    assert transfers(partner, kind, start_date=whole_second(second.created_at)) == [second]
    assert transfers(partner, kind, start_date=shifted(second.created_at, seconds=1)) == []

    assert transfers(partner, kind, start_date=EVER, end_date=second.created_at) == [second, first]
    assert transfers(partner, kind, start_date=EVER, end_date=first.created_at) == [first]
    # An end given in whole seconds reaches to the end of that second.
    assert transfers(partner, kind, start_date=EVER, end_date=whole_second(first.created_at)) == [first]
    assert transfers(partner, kind, start_date=EVER, end_date=shifted(first.created_at, seconds=-1)) == []

    assert transfers(partner, kind, start_date=second.created_at, end_date=first.created_at) == []


def test_the_filters_hold_together(partner):
    first, second = partner.opens_own("S1"), partner.opens_own("S2")
    transfer(partner, "balance", partner.api_key, first, 1)
    made = transfer(partner, "balance", partner.api_key, second, 2)
    start = shifted(made.created_at, seconds=-60)
    end = shifted(made.created_at, seconds=60)
    assert transfers(partner, "balance", start_date=start, end_date=end, subaccount=second) == [made]
    assert transfers(partner, "balance", start_date=end, subaccount=second) == []


def test_a_date_is_read_in_every_form_that_the_sdks_send(partner):
    made = transfer(partner, "credit", partner.api_key, partner.opens_own("S1"), 1)
    second = whole_second(made.created_at)
    offset = second.replace("Z", "+00:00")
    hours_ahead = (moment(second) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")
    # `requests` encodes the plus; a person who types it into a URL sends a space.
    for start in (
        second,
        second.replace("Z", ".000Z"),
        offset,
        offset.replace("+", " "),
        hours_ahead,
        second[:10],
    ):
        assert transfers(partner, "credit", start_date=start) == [made], start
    # The whole of the day that a bare date names.
    assert transfers(partner, "credit", start_date=EVER, end_date=second[:10]) == [made]
    yesterday = (moment(second) - timedelta(days=1)).strftime("%Y-%m-%d")
    assert transfers(partner, "credit", start_date=EVER, end_date=yesterday) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_date_that_is_none_is_refused_by_its_name(partner, kind):
    def listing(**dates):
        return refusal(HttpRequestError, lambda: transfers(partner, kind, **dates))

    assert listing(start_date="yesterday") == invalid(("start_date", "Malformed"))
    assert listing(start_date="2024-02-30T00:00:00Z") == invalid(("start_date", "Malformed"))
    assert listing(start_date=EVER, end_date="2024-13-01") == invalid(("end_date", "Malformed"))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def whole_second(text: str) -> str:
    return shifted(text, seconds=0)


def shifted(text: str, seconds: int) -> str:
    return (moment(text) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def await_another_second_than(text: str) -> None:
    # The server reads this machine's clock, so what is made after this carries a later second.
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while time.time() < moment(whole_second(text)).timestamp() + 1:
        assert time.monotonic() < deadline, "this machine's clock stands still"
        time.sleep(0.02)
