"""One account's auth id and token, and the Plivo SDK that uses them."""

from dataclasses import dataclass

import plivo
from plivo.resources.accounts import Subaccount
from plivo_wire import PLIVO, ToTollgate
from server import Tollgate

SUBACCOUNT_ID_UNKNOWN = f"SA{'0' * 18}"


@dataclass(frozen=True)
class PlivoCaller:
    tollgate: Tollgate
    auth_id: str
    sdk: plivo.RestClient
    wire: ToTollgate

    @property
    def uri(self) -> str:
        return f"/v1/Account/{self.auth_id}/"

    def opens(self, name: str, enabled: bool = True) -> Subaccount:
        return self.sdk.subaccounts.create(name, enabled=enabled)

    def opens_caller(self, name: str) -> "PlivoCaller":
        """A new subaccount that calls with its own credentials."""
        created = self.opens(name)
        return plivo_calling_as(self.tollgate, created.auth_id, created.auth_token)

    def opens_application(self, name: str = "app", **arguments) -> str:
        return self.sdk.applications.create(name, answer_url="https://example.com/a", **arguments).app_id

    def opens_endpoint(self, username: str = "phone", **arguments) -> str:
        return self.sdk.endpoints.create(username, "secret", username, **arguments).endpoint_id

    def cash(self) -> str:
        return self.sdk.account.get().cash_credits


def plivo_calling_as(tollgate: Tollgate, auth_id: str, auth_token: str) -> PlivoCaller:
    sdk, wire = plivo.RestClient(auth_id, auth_token), ToTollgate(tollgate)
    sdk.session.mount(PLIVO, wire)
    sdk.multipart_session.mount(PLIVO, wire)
    return PlivoCaller(tollgate, auth_id, sdk, wire)
