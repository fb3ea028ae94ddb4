"""One server for the session; a family of its own for every test."""

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

pytest.register_assert_rewrite("operator_api", "plivo_refusals", "plivo_wire", "refusals", "server", "wire")

from caller import Caller, calling_as  # noqa: E402  after the line that makes their asserts speak
from operator_api import Operator  # noqa: E402
from plivo_caller import PlivoCaller, plivo_calling_as  # noqa: E402
from server import Tollgate, running  # noqa: E402


@pytest.fixture(scope="session")
def tollgate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    with running(tmp_path_factory.mktemp("tollgate"), "--plivo-rate-limit", "0") as server:
        os.environ["REQUESTS_CA_BUNDLE"] = server.ca_certificate
        yield server


@pytest.fixture(scope="session")
def operator(tollgate: Tollgate) -> Operator:
    return Operator(tollgate)


@pytest.fixture(scope="session")
def calling(tollgate: Tollgate) -> Callable[[str, str], Caller]:
    """`calling(api_key, api_secret)`: the SDK with these credentials."""
    return partial(calling_as, tollgate)


@pytest.fixture
def partner_with(operator: Operator, calling: Callable[[str, str], Caller]) -> Callable[[str], Caller]:
    """Opens a primary account with the given credit limit."""

    def open_primary(credit_limit: str) -> Caller:
        primary = operator.open_primary("Partner", credit_limit)
        return calling(primary["api_key"], primary["secret"])

    return open_primary


@pytest.fixture
def partner(partner_with: Callable[[str], Caller]) -> Caller:
    return partner_with("100")


@pytest.fixture
def stranger(partner_with: Callable[[str], Caller]) -> Caller:
    """The primary account of another family."""
    return partner_with("100")


@pytest.fixture(scope="session")
def plivo_calling(tollgate: Tollgate) -> Callable[[str, str], PlivoCaller]:
    """`plivo_calling(auth_id, auth_token)`: the Plivo SDK with these credentials."""
    return partial(plivo_calling_as, tollgate)


@pytest.fixture(scope="session")
def plivo_partner_with(
    operator: Operator, plivo_calling: Callable[[str, str], PlivoCaller]
) -> Callable[[str], PlivoCaller]:
    """Opens a primary account with the given credit limit."""

    def open_primary(credit_limit: str) -> PlivoCaller:
        primary = operator.open_primary("Partner", credit_limit)
        return plivo_calling(primary["auth_id"], primary["auth_token"])

    return open_primary


@pytest.fixture
def plivo_partner(plivo_partner_with: Callable[[str], PlivoCaller]) -> PlivoCaller:
    return plivo_partner_with("100")


@pytest.fixture
def plivo_stranger(plivo_partner_with: Callable[[str], PlivoCaller]) -> PlivoCaller:
    """The primary account of another family."""
    return plivo_partner_with("100")
