"""The SDK under test is the vendor's, from this room's own environment, byte for byte."""

import base64
import hashlib
import sys
from importlib.metadata import Distribution, distributions, version
from inspect import getmembers, isfunction
from pathlib import Path

import vonage  # noqa: F401  the import itself is what is looked at
from vonage_account import Account
from vonage_subaccounts import Subaccounts

ROOM = Path(__file__).resolve().parent.parent
SITE_PACKAGES = Path(sys.prefix, "lib", f"python3.{sys.version_info.minor}", "site-packages").resolve()


def test_the_sdk_is_imported_from_this_rooms_environment_and_nowhere_else():
    assert Path(sys.prefix).resolve() == ROOM / ".venv"
    modules = {
        name: module for name, module in sys.modules.items() if name.partition("_")[0].startswith("vonage")
    }
    assert {"vonage", "vonage_account", "vonage_http_client", "vonage_subaccounts"} <= modules.keys()
    for name, module in modules.items():
        assert SITE_PACKAGES in Path(module.__file__).resolve().parents, name


def test_the_pinned_version_runs():
    pins = (ROOM / "python" / "requirements.in").read_text().splitlines()
    assert f"vonage=={version('vonage')}" in pins


def test_every_installed_file_is_the_one_its_wheel_brought():
    checked = {distribution.name: assert_untouched(distribution) for distribution in distributions()}
    assert {
        "vonage",
        "vonage-account",
        "vonage-http-client",
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


def test_no_operation_of_the_sdk_is_unknown_to_this_room():
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
    served = {"get_balance", "list_secrets", "create_secret", "get_secret", "revoke_secret"}
    not_served_yet = {
        "top_up",
        "update_default_sms_webhook",
        "get_country_pricing",
        "get_all_countries_pricing",
        "get_prefix_pricing",
    }
    assert operations(Account) == served | not_served_yet


def operations(api: type) -> set[str]:
    return {name for name, _ in getmembers(api, isfunction) if not name.startswith("_")}
