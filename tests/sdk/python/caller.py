"""One account's credentials, and the SDK that uses them."""

from dataclasses import dataclass

from server import Tollgate
from vonage import Auth, HttpClientOptions, Vonage
from vonage_account import Account
from vonage_numbers import Numbers
from vonage_subaccounts import NewSubaccount, SubaccountOptions, Subaccounts


@dataclass(frozen=True)
class Caller:
    api_key: str
    sdk: Vonage

    @property
    def subaccounts(self) -> Subaccounts:
        return self.sdk.subaccounts

    @property
    def account(self) -> Account:
        return self.sdk.account

    @property
    def numbers(self) -> Numbers:
        return self.sdk.numbers

    def opens(self, name: str, **options) -> NewSubaccount:
        return self.subaccounts.create_subaccount(SubaccountOptions(name=name, **options))

    def opens_own(self, name: str) -> str:
        """The key of a new subaccount with an own balance."""
        return self.opens(name, use_primary_account_balance=False).api_key


def calling_as(tollgate: Tollgate, api_key: str, api_secret: str) -> Caller:
    # These two hosts, and REQUESTS_CA_BUNDLE, are all that points the SDK at the server.
    hosts = HttpClientOptions(api_host=tollgate.tls_host, rest_host=tollgate.tls_host)
    return Caller(api_key, Vonage(Auth(api_key=api_key, api_secret=api_secret), hosts))
