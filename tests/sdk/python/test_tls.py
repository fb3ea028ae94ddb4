"""The certificate that the server makes for itself, as the SDK's HTTP client judges it."""

from dataclasses import replace

import certifi
import pytest
import requests
from caller import calling_as


@pytest.fixture
def primary(operator):
    return operator.open_primary("Partner", "100")


def test_the_certificate_is_good_for_the_address_and_for_localhost(tollgate, primary):
    _, port = tollgate.tls_host.split(":")
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        caller = calling_as(replace(tollgate, tls_host=host), primary["api_key"], primary["secret"])
        assert caller.account.get_balance().value == 0
        assert caller.subaccounts.list_subaccounts().total_credit_limit == -100
        assert caller.sdk.http_client.last_response.url.startswith(f"https://{host}/")


def test_without_the_servers_own_authority_the_sdk_does_not_talk_to_it(tollgate, primary, monkeypatch):
    # With the world's certificate authorities instead: it shows that the SDK verifies at all.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    caller = calling_as(tollgate, primary["api_key"], primary["secret"])
    with pytest.raises(requests.exceptions.SSLError):
        caller.account.get_balance()
