"""Who may call: every operation of the SDK, refused, as the class that the SDK makes of it.

Of the statuses that the SDK has a class for, the server never sends 403, 409 and 422 on these routes, and 500 only
for a fault of its own, which no request brings about.
"""

from plivo_caller import SUBACCOUNT_ID_UNKNOWN
from plivo_refusals import UNAUTHORIZED, refusal
from test_plivo_applications import APP_ID_UNKNOWN
from test_plivo_endpoints import ENDPOINT_ID_UNKNOWN
from test_plivo_numbers import NUMBER_UNKNOWN

URL = "https://example.com/answer"


def every_operation(sdk):
    """A valid call of each, had the caller the right to it."""
    sub, app, endpoint, number = SUBACCOUNT_ID_UNKNOWN, APP_ID_UNKNOWN, ENDPOINT_ID_UNKNOWN, NUMBER_UNKNOWN
    return [
        (sdk.account.get,),
        (sdk.account.update, "Name"),
        (sdk.subaccounts.create, "Name", True),
        (sdk.subaccounts.get, sub),
        (sdk.subaccounts.list,),
        (sdk.subaccounts.update, sub, "Name", True),
        (sdk.subaccounts.delete, sub, True),
        (sdk.applications.create, "name", URL),
        (sdk.applications.get, app),
        (sdk.applications.list,),
        (sdk.applications.update, app, URL),
        (sdk.applications.delete, app),
        (sdk.endpoints.create, "phone", "secret", "phone"),
        (sdk.endpoints.get, endpoint),
        (sdk.endpoints.list,),
        (sdk.endpoints.update, endpoint, "another"),
        (sdk.endpoints.delete, endpoint),
        (sdk.numbers.search, "GB"),
        (sdk.numbers.buy, number),
        (sdk.numbers.create, number, "C1", "London"),
        (sdk.numbers.get, number),
        (sdk.numbers.list,),
        (sdk.numbers.update, number),
        (sdk.numbers.delete, number),
    ]


def test_a_wrong_token_is_unauthorized_in_every_operation(plivo_partner, plivo_calling):
    caller = plivo_calling(plivo_partner.auth_id, "wrong" * 8)
    for call in every_operation(caller.sdk):
        assert refusal(caller, *call) == UNAUTHORIZED, call
        assert caller.wire.last.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_an_unknown_id_is_refused_as_a_wrong_token_is(plivo_calling):
    for auth_id in (f"MA{'0' * 18}", SUBACCOUNT_ID_UNKNOWN):
        caller = plivo_calling(auth_id, "wrong" * 8)
        assert refusal(caller, caller.sdk.account.get) == UNAUTHORIZED
        assert refusal(caller, caller.sdk.subaccounts.list) == UNAUTHORIZED


def test_an_id_that_cannot_be_one_is_refused_with_what_an_id_looks_like(plivo_partner, plivo_calling):
    lower_case = plivo_calling(f"MA{plivo_partner.auth_id[2:].lower()}", "wrong" * 8)
    status, text = refusal(lower_case, lower_case.sdk.account.get)
    assert status == 401
    assert text.startswith("authentication failed: ")


def test_the_token_of_one_account_is_not_that_of_another(plivo_partner, plivo_stranger, plivo_calling):
    sub = plivo_partner.opens("S1")
    for auth_id in (plivo_partner.auth_id, plivo_stranger.auth_id):
        caller = plivo_calling(auth_id, sub.auth_token)
        assert refusal(caller, caller.sdk.account.get) == UNAUTHORIZED
