"""What the server refuses, as the Plivo SDK raises it: the class, the status and the server's text."""

from collections.abc import Callable

import pytest
from plivo.exceptions import (
    AuthenticationError,
    InvalidRequestError,
    PlivoRestError,
    ResourceNotFoundError,
    ValidationError,
)
from plivo_caller import PlivoCaller
from plivo_wire import asks_for_a_list

CLASSES = {
    400: ValidationError,
    401: AuthenticationError,
    404: ResourceNotFoundError,
    405: InvalidRequestError,
    429: PlivoRestError,
}

NOT_FOUND = 404, "not found"
UNAUTHORIZED = 401, "authentication failed"
DISABLED = 401, "subaccount is disabled"
METHOD_NOT_ALLOWED = 405, "method not allowed"


def refusal(caller: PlivoCaller, call: Callable, *arguments, **options) -> tuple[int, str]:
    """The status and the text that the server refuses `call` with, and the SDK raises by its class."""
    before = caller.wire.sent
    with pytest.raises(PlivoRestError) as raised:
        call(*arguments, **options)
    # The SDK refuses some calls by itself, with the same classes.
    assert caller.wire.sent == before + 1, raised.value
    status, text = caller.wire.status, caller.wire.body["error"]
    # The class itself: every other one is derived from PlivoRestError.
    assert type(raised.value) is CLASSES[status], raised.value
    # The SDK drops the server's text on 429, and on lists on all but 400.
    if status == 400 or not (status == 429 or asks_for_a_list(caller.wire.last.request)):
        assert str(raised.value) == text
    return status, text
