"""Too many requests: one limit for a main account and all below it."""

import time
from collections.abc import Iterator

import pytest
from operator_api import Operator
from plivo.exceptions import PlivoRestError
from plivo_caller import SUBACCOUNT_ID_UNKNOWN, PlivoCaller, plivo_calling_as
from plivo_refusals import refusal
from server import Tollgate, running

LIMIT, WINDOW_SECONDS = 3, 5
TOO_MANY = 429, "too many requests"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    with running(tmp_path_factory.mktemp("limited"), "--plivo-rate-limit", str(LIMIT)) as server:
        yield server


@pytest.fixture
def family(limited):
    """A main account, and its subaccount, which was not made by a request that counts."""
    operator = Operator(limited)
    main = operator.open_primary("Partner", "0")
    sub = operator.created("/api/v1/accounts", {"name": "S1", "parent": main["auth_id"]})
    return [plivo_calling_as(limited, it["auth_id"], it["auth_token"]) for it in (main, sub)]


def exhaust(caller: PlivoCaller) -> None:
    # A window may end on the way, so it takes the requests of two to be sure.
    for _ in range(2 * LIMIT + 1):
        try:
            caller.sdk.account.get()
        except PlivoRestError as error:
            assert type(error) is PlivoRestError
            assert (caller.wire.status, caller.wire.body["error"]) == TOO_MANY
            return
    raise AssertionError(f"{2 * LIMIT + 1} requests were taken")


def test_over_the_limit_every_operation_is_refused_until_the_window_ends(family):
    main, _ = family
    exhaust(main)
    assert 1 <= int(main.wire.last.headers["Retry-After"]) <= WINDOW_SECONDS

    taken_again = time.monotonic() + 3 * WINDOW_SECONDS
    while main.wire.status == 429:
        assert time.monotonic() < taken_again
        try:
            main.sdk.account.get()
        except PlivoRestError:
            pass
    assert main.wire.body["name"] == "Partner"


def test_a_subaccounts_requests_count_for_its_main_account(family):
    main, sub = family
    for spender, other in ((main, sub), (sub, main)):
        # Had the window ended in between, the other one would be taken: then once more.
        for _ in range(3):
            exhaust(spender)
            try:
                other.sdk.account.get()
            except PlivoRestError:
                break
        assert (other.wire.status, other.wire.body["error"]) == TOO_MANY


def test_another_family_is_not_held_up(limited, family):
    main, _ = family
    exhaust(main)
    other = Operator(limited).open_primary("Other", "0")
    assert plivo_calling_as(limited, other["auth_id"], other["auth_token"]).sdk.account.get().name == "Other"


@pytest.mark.parametrize(
    "call",
    [
        lambda sdk: sdk.subaccounts.list(),
        lambda sdk: sdk.subaccounts.create("S2"),
        lambda sdk: sdk.subaccounts.delete(SUBACCOUNT_ID_UNKNOWN),
        lambda sdk: sdk.applications.list(),
        lambda sdk: sdk.endpoints.create("phone", "secret", "phone"),
        lambda sdk: sdk.numbers.search("GB"),
    ],
)
def test_a_refused_one_is_of_the_sdks_general_class(family, call):
    main, _ = family
    exhaust(main)
    assert refusal(main, call, main.sdk) == TOO_MANY
