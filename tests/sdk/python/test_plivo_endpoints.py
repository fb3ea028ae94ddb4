"""Endpoints."""

import re
from hashlib import md5

import pytest
from plivo_refusals import NOT_FOUND, refusal
from test_plivo_applications import APP_ID_UNKNOWN

ENDPOINT_ID = re.compile(r"\d{14}")
ENDPOINT_ID_UNKNOWN = "1" * 14


def digest(password: str) -> str:
    return md5(password.encode()).hexdigest()


def test_create_and_get_show_the_whole_endpoint(plivo_partner):
    endpoints = plivo_partner.sdk.endpoints
    app_id = plivo_partner.opens_application()
    created = endpoints.create("callme", "testpassword", "call-me", app_id=app_id)
    assert plivo_partner.wire.status == 201
    assert plivo_partner.wire.body == {
        "alias": "call-me",
        "endpoint_id": created.endpoint_id,
        "message": "created",
        "username": created.username,
    }
    assert ENDPOINT_ID.fullmatch(created.endpoint_id)
    assert re.fullmatch(r"callme\d{12}", created.username)

    endpoints.get(created.endpoint_id)
    assert plivo_partner.wire.body == {
        "alias": "call-me",
        "application": f"{plivo_partner.uri}Application/{app_id}/",
        "endpoint_id": created.endpoint_id,
        # The figure of Plivo's own documentation.
        "password": "e16b2ab8d12314bf4efbd6203906ea6c",
        "resource_uri": f"{plivo_partner.uri}Endpoint/{created.endpoint_id}/",
        "sip_registered": "false",
        "sip_uri": f"sip:{created.username}@phone.plivo.com",
        "sub_account": None,
        "username": created.username,
    }


def test_a_listed_endpoint_is_what_get_shows(plivo_partner):
    endpoint_id = plivo_partner.opens_endpoint()
    plivo_partner.sdk.endpoints.list()
    objects = plivo_partner.wire.body["objects"]
    plivo_partner.sdk.endpoints.get(endpoint_id)
    assert objects == [plivo_partner.wire.body]
    assert objects[0]["application"] is None


def test_update_changes_what_is_given_and_leaves_the_rest(plivo_partner):
    endpoints = plivo_partner.sdk.endpoints
    app_id = plivo_partner.opens_application()
    endpoint_id = plivo_partner.opens_endpoint("before")
    answer = endpoints.update(endpoint_id, alias="after")
    assert (plivo_partner.wire.status, answer.message) == (202, "changed")
    got = endpoints.get(endpoint_id)
    assert (got.alias, got.password, got.application) == ("after", digest("secret"), None)

    endpoints.update(endpoint_id, password="another", app_id=app_id)
    got = endpoints.get(endpoint_id)
    assert (got.alias, got.password) == ("after", digest("another"))
    assert got.application == f"{plivo_partner.uri}Application/{app_id}/"
    assert got.username.startswith("before")


def test_what_a_list_gave_updates_and_deletes_itself(plivo_partner):
    endpoints = plivo_partner.sdk.endpoints
    plivo_partner.opens_endpoint()
    (listed,) = endpoints
    assert listed.update("another", "after").message == "changed"
    assert endpoints.get(listed.id).alias == "after"
    assert listed.delete() is None
    assert plivo_partner.wire.status == 204
    assert list(endpoints) == []


def test_delete_is_once(plivo_partner):
    endpoints = plivo_partner.sdk.endpoints
    endpoint_id = plivo_partner.opens_endpoint()
    assert endpoints.delete(endpoint_id) is None
    assert plivo_partner.wire.status == 204
    assert refusal(plivo_partner, endpoints.delete, endpoint_id) == NOT_FOUND


def test_a_subaccount_owns_what_it_creates_and_sees_nothing_else(plivo_partner):
    of_the_main_account = plivo_partner.opens_endpoint("main")
    sub = plivo_partner.opens_caller("S1")
    app_id = sub.opens_application()
    endpoint_id = sub.opens_endpoint("mine", app_id=app_id)

    mine = sub.sdk.endpoints.get(endpoint_id)
    assert mine.resource_uri == f"{sub.uri}Endpoint/{endpoint_id}/"
    assert mine.application == f"{sub.uri}Application/{app_id}/"
    assert mine.sub_account == f"/v1/Account/{sub.auth_id}/"
    assert [it.endpoint_id for it in sub.sdk.endpoints] == [endpoint_id]
    seen = plivo_partner.sdk.endpoints.get(endpoint_id)
    assert seen.resource_uri == f"{plivo_partner.uri}Endpoint/{endpoint_id}/"
    assert [it.endpoint_id for it in plivo_partner.sdk.endpoints] == [endpoint_id, of_the_main_account]

    for call in (
        (sub.sdk.endpoints.get, of_the_main_account),
        (sub.sdk.endpoints.update, of_the_main_account, "another"),
        (sub.sdk.endpoints.delete, of_the_main_account),
    ):
        assert refusal(sub, *call) == NOT_FOUND
    sub.sdk.endpoints.update(endpoint_id, alias="after")
    sub.sdk.endpoints.delete(endpoint_id)
    assert [it.endpoint_id for it in plivo_partner.sdk.endpoints] == [of_the_main_account]


@pytest.mark.parametrize(
    ("argument", "username", "password", "alias"),
    [
        ("username", "1phone", "secret", "phone"),
        ("username", "with space", "secret", "phone"),
        ("username", "x" * 26, "secret", "phone"),
        ("username", "", "secret", "phone"),
        ("password", "phone", "four", "phone"),
        ("alias", "phone", "secret", ""),
    ],
)
def test_an_argument_that_cannot_be_is_refused(plivo_partner, argument, username, password, alias):
    status, text = refusal(plivo_partner, plivo_partner.sdk.endpoints.create, username, password, alias)
    assert status == 400
    assert argument in text
    assert list(plivo_partner.sdk.endpoints) == []


def test_an_application_of_nobody_or_of_somebody_else_is_not_linked(plivo_partner, plivo_stranger):
    endpoints = plivo_partner.sdk.endpoints
    endpoint_id = plivo_partner.opens_endpoint()
    for app_id in (APP_ID_UNKNOWN, plivo_stranger.opens_application()):
        for call in (
            (endpoints.create, "phone", "secret", "phone", app_id),
            (endpoints.update, endpoint_id, None, None, app_id),
        ):
            status, text = refusal(plivo_partner, *call)
            assert status == 400
            assert "app_id" in text
    assert [it.application for it in endpoints] == [None]


def test_an_endpoint_of_nobody_or_of_somebody_else_is_not_found(plivo_partner, plivo_stranger):
    endpoints = plivo_partner.sdk.endpoints
    theirs = plivo_stranger.opens_endpoint("theirs")
    for endpoint_id in (ENDPOINT_ID_UNKNOWN, "no-id-at-all", theirs):
        assert refusal(plivo_partner, endpoints.get, endpoint_id) == NOT_FOUND
        assert refusal(plivo_partner, endpoints.update, endpoint_id, alias="mine") == NOT_FOUND
        assert refusal(plivo_partner, endpoints.delete, endpoint_id) == NOT_FOUND
    assert plivo_stranger.sdk.endpoints.get(theirs).alias == "theirs"
