"""Subaccounts: create, get, update, and what enabled means."""

import re
from datetime import datetime, timezone

import plivo.rest.client
import pytest
from plivo_caller import SUBACCOUNT_ID_UNKNOWN
from plivo_refusals import DISABLED, NOT_FOUND, refusal

AUTH_ID = re.compile(r"SA[A-Z0-9]{18}")
AUTH_TOKEN = re.compile(r"[A-Za-z0-9]{40}")


def today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def test_create_says_id_and_token_and_nothing_else(plivo_partner):
    created = plivo_partner.sdk.subaccounts.create("Wayne Enterprises", enabled=True)
    assert plivo_partner.wire.status == 201
    assert plivo_partner.wire.body == {
        "auth_id": created.auth_id,
        "auth_token": created.auth_token,
        "message": "created",
    }
    assert AUTH_ID.fullmatch(created.auth_id)
    assert AUTH_TOKEN.fullmatch(created.auth_token)
    assert created.id == created.auth_id


def test_get_shows_the_whole_subaccount(plivo_partner):
    before = today()
    created = plivo_partner.opens("Wayne Enterprises")
    got = plivo_partner.sdk.subaccounts.get(auth_id=created.auth_id)
    assert plivo_partner.wire.status == 200
    assert plivo_partner.wire.body == {
        "account": plivo_partner.uri,
        "auth_id": created.auth_id,
        "auth_token": created.auth_token,
        "created": got.created,
        "enabled": True,
        "modified": None,
        "name": "Wayne Enterprises",
        "new_auth_token": created.auth_token,
        "resource_uri": f"{plivo_partner.uri}Subaccount/{created.auth_id}/",
    }
    assert got.created in {before, today()}


def test_a_subaccount_is_disabled_unless_told_otherwise(plivo_partner, plivo_calling):
    created = plivo_partner.sdk.subaccounts.create("Robin")
    assert plivo_partner.wire.sent_body == {"name": "Robin", "enabled": False}
    assert plivo_partner.sdk.subaccounts.get(created.auth_id).enabled is False
    robin = plivo_calling(created.auth_id, created.auth_token)
    assert refusal(robin, robin.sdk.account.get) == DISABLED


@pytest.mark.parametrize("enabled", [True, False])
def test_enabled_is_set_both_ways_by_create_and_by_update(plivo_partner, enabled):
    subaccounts = plivo_partner.sdk.subaccounts
    created = plivo_partner.opens("S1", enabled=enabled)
    assert subaccounts.get(created.auth_id).enabled is enabled
    for value in (not enabled, enabled, enabled):
        answer = subaccounts.update(created.auth_id, "S1", value)
        assert (plivo_partner.wire.status, answer.message) == (202, "changed")
        assert plivo_partner.wire.body == {"message": "changed"}
        assert subaccounts.get(created.auth_id).enabled is value


def test_a_rename_by_this_sdk_disables(plivo_partner):
    # The SDK always sends `enabled`, and its default is false: who renames must say enabled=True.
    subaccounts = plivo_partner.sdk.subaccounts
    created = plivo_partner.opens("Before", enabled=True)
    subaccounts.update(created.auth_id, "After")
    assert plivo_partner.wire.sent_body == {"auth_id": created.auth_id, "name": "After", "enabled": False}
    renamed = subaccounts.get(created.auth_id)
    assert (renamed.name, renamed.enabled) == ("After", False)

    subaccounts.update(created.auth_id, "Again", enabled=True)
    renamed = subaccounts.get(created.auth_id)
    assert (renamed.name, renamed.enabled) == ("Again", True)


def test_an_update_without_enabled_leaves_it(plivo_partner):
    subaccounts = plivo_partner.sdk.subaccounts
    created = plivo_partner.opens("Before", enabled=True)
    subaccounts.update(created.auth_id, "After", enabled=None)
    assert plivo_partner.wire.sent_body == {"auth_id": created.auth_id, "name": "After"}
    assert subaccounts.get(created.auth_id).enabled is True


def test_an_update_that_changes_nothing_is_an_update(plivo_partner):
    subaccounts = plivo_partner.sdk.subaccounts
    created = plivo_partner.opens("Same", enabled=True)
    before = today()
    assert subaccounts.update(created.auth_id, "Same", True).message == "changed"
    assert subaccounts.get(created.auth_id).modified in {before, today()}


@pytest.mark.parametrize("name", ["Zoë & Søn 株式会社 🦇", "x" * 255, " leading and trailing ", "a\nb"])
def test_a_name_comes_back_as_it_was_sent(plivo_partner, name):
    created = plivo_partner.opens(name)
    assert plivo_partner.sdk.subaccounts.get(created.auth_id).name == name


def test_a_name_may_be_had_twice(plivo_partner):
    first, second = plivo_partner.opens("Twin"), plivo_partner.opens("Twin")
    assert first.auth_id != second.auth_id
    assert first.auth_token != second.auth_token


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "name is a required parameter"),
        (" \t\n", "name is a required parameter"),
        ("x" * 256, "name must not exceed 255 characters"),
    ],
)
def test_a_name_that_cannot_be_is_refused(plivo_partner, name, text):
    subaccounts = plivo_partner.sdk.subaccounts
    assert refusal(plivo_partner, subaccounts.create, name) == (400, text)
    created = plivo_partner.opens("Kept")
    assert refusal(plivo_partner, subaccounts.update, created.auth_id, name) == (400, text)
    kept = subaccounts.get(created.auth_id)
    assert (kept.name, kept.enabled, kept.modified) == ("Kept", True, None)


def test_what_a_list_or_a_get_gave_updates_and_deletes_itself(plivo_partner):
    subaccounts = plivo_partner.sdk.subaccounts
    plivo_partner.opens("S1")
    (listed,) = subaccounts.list()
    assert listed.update("S1 renamed", enabled=True).message == "changed"

    got = subaccounts.get(listed.id)
    assert (got.name, got.enabled) == ("S1 renamed", True)
    assert got.delete(cascade=False) is None
    assert plivo_partner.wire.status == 204
    assert list(subaccounts) == []


def test_a_disabled_subaccount_is_refused_everywhere_until_it_is_enabled_again(plivo_partner):
    sub = plivo_partner.opens_caller("S1")
    app_id = sub.opens_application()
    plivo_partner.sdk.subaccounts.update(sub.auth_id, "S1", enabled=False)
    for call in (
        (sub.sdk.account.get,),
        (sub.sdk.applications.list,),
        (sub.sdk.applications.get, app_id),
        (sub.sdk.endpoints.create, "phone", "secret", "phone"),
    ):
        assert refusal(sub, *call) == DISABLED
    # What it owns stays, and its main account sees it.
    assert plivo_partner.sdk.applications.get(app_id).app_name == "app"

    plivo_partner.sdk.subaccounts.update(sub.auth_id, "S1", enabled=True)
    assert sub.sdk.applications.get(app_id).app_name == "app"


def test_a_subaccount_of_nobody_or_of_somebody_else_is_not_found(plivo_partner, plivo_stranger):
    subaccounts = plivo_partner.sdk.subaccounts
    theirs = plivo_stranger.opens("Theirs").auth_id
    for auth_id in (SUBACCOUNT_ID_UNKNOWN, theirs):
        assert refusal(plivo_partner, subaccounts.get, auth_id) == NOT_FOUND
        assert refusal(plivo_partner, subaccounts.update, auth_id, "Mine", True) == NOT_FOUND
        assert refusal(plivo_partner, subaccounts.delete, auth_id) == NOT_FOUND
    assert plivo_stranger.sdk.subaccounts.get(theirs).name == "Theirs"


def test_a_subaccount_has_no_subaccounts(plivo_partner):
    sub = plivo_partner.opens_caller("S1")
    subaccounts = sub.sdk.subaccounts
    assert refusal(sub, subaccounts.create, "Nested", enabled=True) == NOT_FOUND
    assert refusal(sub, subaccounts.list) == NOT_FOUND
    for call in ((subaccounts.get,), (subaccounts.update, "Me", True), (subaccounts.delete,)):
        operation, *arguments = call
        assert refusal(sub, operation, sub.auth_id, *arguments) == NOT_FOUND
    assert len(plivo_partner.sdk.subaccounts.list()) == 1


def test_the_sdks_module_constants_lead_here_too(plivo_partner, monkeypatch):
    created = plivo_partner.opens("S1")
    base = f"http://{plivo_partner.tollgate.http_host}/v1/Account"
    fallbacks = "API_VOICE_BASE_URI_FALLBACK_1", "API_VOICE_BASE_URI_FALLBACK_2"
    for constant in ("PLIVO_API_BASE_URI", "API_VOICE_BASE_URI", *fallbacks):
        monkeypatch.setattr(plivo.rest.client, constant, base)
    sdk = plivo.RestClient(created.auth_id, created.auth_token)
    app_id = sdk.applications.create("app").app_id
    assert [application.app_id for application in sdk.applications] == [app_id]
    assert sdk.account.get().name == "S1"
