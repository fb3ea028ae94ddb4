"""The SDKs under test are the vendors', from this room's own environment, byte for byte."""

import base64
import hashlib
import sys
from importlib.metadata import Distribution, distributions, version
from inspect import getmembers, isfunction
from pathlib import Path

import plivo
import pytest
import vonage  # noqa: F401  the import itself is what is looked at
from plivo.resources import accounts, applications, endpoints, numbers
from vonage_account import Account
from vonage_numbers import Numbers
from vonage_subaccounts import Subaccounts

ROOM = Path(__file__).resolve().parent.parent
SITE_PACKAGES = Path(sys.prefix, "lib", f"python3.{sys.version_info.minor}", "site-packages").resolve()


def test_the_sdks_are_imported_from_this_rooms_environment_and_nowhere_else():
    assert Path(sys.prefix).resolve() == ROOM / ".venv"
    modules = {name: module for name, module in sys.modules.items() if is_a_vendors(name)}
    assert {"plivo.base", "plivo.rest.client", "plivo.resources.accounts"} <= modules.keys()
    assert {"vonage_account", "vonage_http_client", "vonage_numbers", "vonage_subaccounts"} <= modules.keys()
    for name, module in modules.items():
        assert SITE_PACKAGES in Path(module.__file__).resolve().parents, name


def is_a_vendors(module: str) -> bool:
    package = module.partition(".")[0]
    return package == "plivo" or package == "vonage" or package.startswith("vonage_")


def test_the_pinned_versions_run():
    pins = (ROOM / "python" / "requirements.in").read_text().splitlines()
    assert f"vonage=={version('vonage')}" in pins
    assert f"plivo=={version('plivo')}" in pins


def test_every_installed_file_is_the_one_its_wheel_brought():
    checked = {distribution.name: assert_untouched(distribution) for distribution in distributions()}
    assert {
        "plivo",
        "vonage",
        "vonage-account",
        "vonage-http-client",
        "vonage-numbers",
        "vonage-subaccounts",
        "requests",
    } <= checked.keys()
    assert all(checked.values()), checked


def assert_untouched(distribution: Distribution) -> int:
    checked = 0
    for file in distribution.files:
        if file.hash is not None:
            digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
            assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == file.hash.value, file.locate()
            checked += 1
    return checked


def test_nothing_lies_beside_the_wheels_files():
    # A stray .pth or sitecustomize.py could patch the SDK as it is imported.
    recorded = {file.locate().resolve() for distribution in distributions() for file in distribution.files}
    found = {
        file for file in SITE_PACKAGES.rglob("*") if file.is_file() and file.parent.name != "__pycache__"
    }
    assert found
    assert found <= recorded, found - recorded


def test_no_operation_of_vonages_sdk_is_unknown_to_this_room():
    # An upgrade that brings a new operation stops here until a test covers it.
    assert operations(Subaccounts) == {
        "list_subaccounts",
        "create_subaccount",
        "get_subaccount",
        "modify_subaccount",
        "list_credit_transfers",
        "transfer_credit",
        "list_balance_transfers",
        "transfer_balance",
        "transfer_number",
    }
    assert operations(Numbers) == {
        "list_owned_numbers",
        "search_available_numbers",
        "buy_number",
        "cancel_number",
        "update_number",
    }
    served = {"get_balance", "top_up", "update_default_sms_webhook"}
    served |= {"list_secrets", "create_secret", "get_secret", "revoke_secret"}
    # Prices of messages and calls: tollgate has none.
    not_served = {"get_country_pricing", "get_all_countries_pricing", "get_prefix_pricing"}
    assert operations(Account) == served | not_served


LIFE = {"create", "delete", "get", "list", "update"}
CHANGES = {"delete", "update"}


@pytest.mark.parametrize(
    ("attribute", "api", "known", "resource", "known_to_the_resource"),
    [
        ("account", accounts.Accounts, {"get", "update"}, accounts.Account, {"get", "update"}),
        ("subaccounts", accounts.Subaccounts, LIFE, accounts.Subaccount, CHANGES),
        ("applications", applications.Applications, LIFE, applications.Application, CHANGES | {"get"}),
        ("endpoints", endpoints.Endpoints, LIFE, endpoints.Endpoint, CHANGES),
        ("numbers", numbers.Numbers, LIFE | {"buy", "search"}, numbers.Number, CHANGES),
    ],
)
def test_no_operation_of_plivos_sdk_is_unknown_to_this_room(
    attribute, api, known, resource, known_to_the_resource
):
    # What a resource inherits is left out: it calls what the client no longer has.
    assert type(getattr(plivo.RestClient(f"MA{'0' * 18}", "token"), attribute)) is api
    assert own_operations(api) == known
    assert own_operations(resource) == known_to_the_resource


def operations(api: type) -> set[str]:
    return {name for name, _ in getmembers(api, isfunction) if not name.startswith("_")}


def own_operations(api: type) -> set[str]:
    return {name for name in operations(api) if name in vars(api)}
