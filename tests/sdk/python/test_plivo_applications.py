"""Applications."""

import re

import pytest
from plivo.exceptions import ValidationError
from plivo_caller import SUBACCOUNT_ID_UNKNOWN
from plivo_refusals import NOT_FOUND, refusal

APP_ID = re.compile(r"\d{17}")
APP_ID_UNKNOWN = "1" * 17
ANSWER, HANGUP = "https://example.com/answer", "https://example.com/hangup"


def test_create_and_get_show_the_whole_application(plivo_partner):
    applications = plivo_partner.sdk.applications
    created = applications.create(
        "Wayne-App_1",
        answer_url=ANSWER,
        answer_method="GET",
        hangup_url=HANGUP,
        hangup_method="GET",
        fallback_answer_url="https://example.com/fallback",
        fallback_method="GET",
        message_url="https://example.com/message",
        message_method="GET",
        log_incoming_messages=False,
        public_uri=True,
    )
    assert plivo_partner.wire.status == 201
    assert plivo_partner.wire.body == {"app_id": created.app_id, "message": "created"}
    assert APP_ID.fullmatch(created.app_id)

    got = applications.get(created.app_id)
    assert plivo_partner.wire.body == {
        "answer_method": "GET",
        "answer_url": ANSWER,
        "app_id": created.app_id,
        "app_name": "Wayne-App_1",
        "application_type": "XML",
        "default_app": False,
        "default_endpoint_app": False,
        "enabled": True,
        "fallback_answer_url": "https://example.com/fallback",
        "fallback_method": "GET",
        "hangup_method": "GET",
        "hangup_url": HANGUP,
        "log_incoming_message": False,
        "log_incoming_messages": False,
        "message_method": "GET",
        "message_url": "https://example.com/message",
        "public_uri": True,
        "resource_uri": f"{plivo_partner.uri}Application/{created.app_id}/",
        "sip_uri": f"sip:{created.app_id}@app.plivo.com",
        "sub_account": None,
    }
    assert got.id == created.app_id


def test_what_this_sdk_sends_by_default(plivo_partner):
    applications = plivo_partner.sdk.applications
    app_id = applications.create("app").app_id
    assert plivo_partner.wire.sent_body == {
        "app_name": "app",
        "answer_method": "POST",
        "hangup_method": "POST",
        "fallback_method": "POST",
        "message_method": "POST",
        "default_number_app": False,
        "default_endpoint_app": False,
        "log_incoming_messages": True,
    }
    got = applications.get(app_id)
    assert not got.answer_url
    assert (got.answer_method, got.log_incoming_messages, got.public_uri) == ("POST", True, False)


def test_hangups_go_where_answers_go_unless_told_otherwise(plivo_partner):
    applications = plivo_partner.sdk.applications
    app_id = applications.create("app", answer_url=ANSWER).app_id
    assert applications.get(app_id).hangup_url == ANSWER


def test_update_changes_what_is_given_and_leaves_the_rest(plivo_partner):
    applications = plivo_partner.sdk.applications
    app_id = applications.create("app", answer_url=ANSWER, hangup_url=HANGUP).app_id
    answer = applications.update(app_id, message_url="https://example.com/m", answer_method="GET")
    assert (plivo_partner.wire.status, answer.message) == (202, "changed")
    assert plivo_partner.wire.body == {"message": "changed"}
    got = applications.get(app_id)
    assert (got.app_name, got.answer_url, got.hangup_url) == ("app", ANSWER, HANGUP)
    assert (got.message_url, got.answer_method) == ("https://example.com/m", "GET")


def test_what_a_list_gave_updates_and_deletes_itself(plivo_partner):
    applications = plivo_partner.sdk.applications
    plivo_partner.opens_application("app")
    (listed,) = applications.list()
    assert listed.update("https://example.com/b", log_incoming_messages=False).message == "changed"
    got = applications.get(listed.id)
    assert (got.answer_url, got.log_incoming_message) == ("https://example.com/b", False)
    # Its own `get` is a defect of the SDK: it forgets the id.
    with pytest.raises(TypeError):
        got.get()
    assert got.delete() is None
    assert plivo_partner.wire.status == 204
    assert refusal(plivo_partner, applications.get, got.id) == NOT_FOUND


def test_a_listed_application_is_what_get_shows(plivo_partner):
    (listed,) = [plivo_partner.opens_application("app")]
    plivo_partner.sdk.applications.list()
    objects = plivo_partner.wire.body["objects"]
    plivo_partner.sdk.applications.get(listed)
    assert objects == [plivo_partner.wire.body]


def test_an_application_is_put_under_a_subaccount_by_create_and_by_update(plivo_partner):
    applications = plivo_partner.sdk.applications
    plivo_partner.opens("S1")
    (sub,) = plivo_partner.sdk.subaccounts
    by_name = applications.create("by-name", subaccount=sub.auth_id).app_id
    by_object = applications.create("by-object", subaccount=sub).app_id
    moved = applications.create("moved").app_id
    applications.update(moved, subaccount=sub.auth_id)
    own = applications.create("own").app_id

    sub_account = f"/v1/Account/{sub.auth_id}/"
    for app_id in (by_name, by_object, moved):
        assert applications.get(app_id).sub_account == sub_account
    assert [it.app_id for it in applications] == [own, moved, by_object, by_name]
    assert [it.app_id for it in applications.list(subaccount=sub)] == [moved, by_object, by_name]

    # This SDK cannot say "back to the main account": it refuses the empty id by itself.
    with pytest.raises(ValidationError):
        applications.update(moved, subaccount="")


def test_a_list_is_filtered_by_name(plivo_partner):
    applications = plivo_partner.sdk.applications
    wanted = plivo_partner.opens_application("wanted")
    plivo_partner.opens_application("other")
    assert [it.app_id for it in applications.list(app_name="wanted")] == [wanted]


def test_a_subaccount_owns_what_it_creates_and_sees_nothing_else(plivo_partner):
    main_app = plivo_partner.opens_application("main")
    sub, sibling = plivo_partner.opens_caller("S1"), plivo_partner.opens_caller("S2")
    app_id = sub.opens_application("mine")

    mine = sub.sdk.applications.get(app_id)
    assert mine.sub_account == f"/v1/Account/{sub.auth_id}/"
    assert mine.resource_uri == f"{sub.uri}Application/{app_id}/"
    assert [it.app_id for it in sub.sdk.applications] == [app_id]
    seen = plivo_partner.sdk.applications.get(app_id)
    assert seen.sub_account == mine.sub_account
    assert seen.resource_uri == f"{plivo_partner.uri}Application/{app_id}/"

    for foreign in (main_app, sibling.opens_application("theirs")):
        assert refusal(sub, sub.sdk.applications.get, foreign) == NOT_FOUND
        assert refusal(sub, sub.sdk.applications.update, foreign, answer_url=ANSWER) == NOT_FOUND
        assert refusal(sub, sub.sdk.applications.delete, foreign) == NOT_FOUND
    assert sub.sdk.applications.update(app_id, answer_url=ANSWER).message == "changed"
    assert sub.sdk.applications.delete(app_id) is None
    assert refusal(plivo_partner, plivo_partner.sdk.applications.get, app_id) == NOT_FOUND


def with_two_phones(caller):
    app_id = caller.opens_application()
    return app_id, caller.opens_endpoint("one", app_id=app_id), caller.opens_endpoint("two", app_id=app_id)


@pytest.mark.parametrize("cascade", [None, True])
def test_delete_takes_the_endpoints_with_it_unless_told_otherwise(plivo_partner, cascade):
    sdk = plivo_partner.sdk
    app_id, *phones = with_two_phones(plivo_partner)
    stays = plivo_partner.opens_endpoint("stays")
    assert sdk.applications.delete(app_id, cascade=cascade) is None
    assert plivo_partner.wire.status == 204
    for phone in phones:
        assert refusal(plivo_partner, sdk.endpoints.get, phone) == NOT_FOUND
    assert [it.endpoint_id for it in sdk.endpoints] == [stays]


def test_delete_without_cascade_leaves_the_endpoints_without_one(plivo_partner):
    sdk = plivo_partner.sdk
    app_id, *phones = with_two_phones(plivo_partner)
    sdk.applications.delete(app_id, cascade=False)
    assert plivo_partner.wire.sent_body == {"app_id": app_id, "cascade": False}
    assert [sdk.endpoints.get(phone).application for phone in phones] == [None, None]


def test_delete_without_cascade_gives_the_endpoints_another_one(plivo_partner):
    sdk = plivo_partner.sdk
    app_id, *phones = with_two_phones(plivo_partner)
    other = plivo_partner.opens_application("other")
    sdk.applications.delete(app_id, cascade=False, new_endpoint_application=other)
    uri = f"{plivo_partner.uri}Application/{other}/"
    assert [sdk.endpoints.get(phone).application for phone in phones] == [uri, uri]


def test_the_default_application_of_endpoints_and_numbers(plivo_partner, operator):
    sdk = plivo_partner.sdk
    first = sdk.applications.create("first", default_number_app=True, default_endpoint_app=True).app_id
    shown = sdk.applications.get(first)
    assert (shown.default_app, shown.default_endpoint_app) == (True, True)
    uri = f"{plivo_partner.uri}Application/{first}/"
    assert sdk.endpoints.get(plivo_partner.opens_endpoint()).application == uri

    # There is one at most.
    second = sdk.applications.create("second", default_number_app=True).app_id
    shown = sdk.applications.get(first)
    assert (shown.default_app, shown.default_endpoint_app) == (False, True)
    assert sdk.applications.get(second).default_app is True

    # The SDK sends both flags on every update, and their default is false.
    sdk.applications.update(second, answer_url=ANSWER)
    assert sdk.applications.get(second).default_app is False


def test_a_callback_is_not_called_and_does_no_harm(plivo_partner):
    applications, endpoints = plivo_partner.sdk.applications, plivo_partner.sdk.endpoints
    asked = {"callback_url": "https://example.com/callback", "callback_method": "POST"}
    app_id = applications.create("app", **asked).app_id
    endpoint_id = endpoints.create("phone", "secret", "phone", **asked).endpoint_id
    assert applications.get(app_id, **asked).app_name == "app"
    assert endpoints.get(endpoint_id, **asked).alias == "phone"
    assert [it.app_id for it in applications.list(**asked).objects] == [app_id]
    assert [it.endpoint_id for it in endpoints.list(**asked).objects] == [endpoint_id]
    assert applications.update(app_id, answer_url=ANSWER, **asked).message == "changed"
    assert endpoints.update(endpoint_id, alias="after", **asked).message == "changed"
    assert endpoints.delete(endpoint_id, **asked) is None
    assert applications.delete(app_id, **asked) is None


@pytest.mark.parametrize("name", ["", "with space", "ä", "x" * 256])
def test_a_name_that_cannot_be_is_refused(plivo_partner, name):
    status, text = refusal(plivo_partner, plivo_partner.sdk.applications.create, name)
    assert status == 400
    assert "app_name" in text
    assert list(plivo_partner.sdk.applications) == []


def test_an_application_under_nobodys_or_somebody_elses_subaccount_is_refused(plivo_partner, plivo_stranger):
    applications = plivo_partner.sdk.applications
    for sub in (SUBACCOUNT_ID_UNKNOWN, plivo_stranger.opens("Theirs").auth_id):
        status, text = refusal(plivo_partner, applications.create, "app", subaccount=sub)
        assert status == 400
        assert "subaccount" in text
    assert list(applications) == []


def test_an_application_of_nobody_or_of_somebody_else_is_not_found(plivo_partner, plivo_stranger):
    applications = plivo_partner.sdk.applications
    theirs = plivo_stranger.opens_application("theirs")
    for app_id in (APP_ID_UNKNOWN, "no-id-at-all", theirs):
        assert refusal(plivo_partner, applications.get, app_id) == NOT_FOUND
        assert refusal(plivo_partner, applications.update, app_id, answer_url=ANSWER) == NOT_FOUND
        assert refusal(plivo_partner, applications.delete, app_id) == NOT_FOUND
    assert plivo_stranger.sdk.applications.get(theirs).app_name == "theirs"
