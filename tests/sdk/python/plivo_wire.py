"""Leads the Plivo SDK to the server under test, and holds each answer against what all of them must have."""

import json
import re

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from server import Tollgate

PLIVO = "https://api.plivo.com"
UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
LIST = re.compile(r"/v1/Account/\w+/(Subaccount|Application|Endpoint|Number|PhoneNumber)/")
HEADERS_OF_STATUS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After"}


class ToTollgate(HTTPAdapter):
    """The documented way: what the SDK sends to Plivo goes to the server under test."""

    def __init__(self, tollgate: Tollgate) -> None:
        super().__init__()
        self._base = f"http://{tollgate.http_host}"
        self.sent = 0
        self.last: Response | None = None

    def send(self, request: PreparedRequest, **options) -> Response:
        assert request.url.startswith(PLIVO), request.url
        request.url = self._base + request.url.removeprefix(PLIVO)
        self.sent += 1
        self.last = super().send(request, **options)
        assert_every_answers_rules(self.last)
        return self.last

    @property
    def status(self) -> int:
        return self.last.status_code

    @property
    def body(self) -> dict:
        """The last answer's body, without the name of the request."""
        body = self.last.json()
        del body["api_id"]
        return body

    @property
    def sent_body(self) -> dict:
        return json.loads(self.last.request.body)


def assert_every_answers_rules(answer: Response) -> None:
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    request_id = answer.headers["X-Request-ID"]
    assert UUID.fullmatch(request_id)
    if answer.status_code == 204:
        assert answer.content == b""
        return
    body = answer.json()
    assert body["api_id"] == request_id
    if answer.ok:
        # The PHP SDK takes a body with this key for a refusal, whatever the status says.
        assert "error" not in body
    else:
        assert_refusals_rules(answer, body)


def assert_refusals_rules(answer: Response, body: dict) -> None:
    assert isinstance(body["error"], str)
    assert body["error"]
    if asks_for_a_list(answer.request):
        # Without it the Python SDK dies of an AttributeError before it looks at the status.
        assert body.keys() == {"api_id", "error", "objects"}
        assert body["objects"] == []
    else:
        assert body.keys() == {"api_id", "error"}
    header = HEADERS_OF_STATUS.get(answer.status_code)
    assert header is None or answer.headers[header]


def asks_for_a_list(request: PreparedRequest) -> bool:
    return request.method == "GET" and bool(LIST.fullmatch(request.path_url.partition("?")[0]))
