"""Both vendors' SDKs on one account: what the one does, the other sees."""

from plivo_refusals import DISABLED, refusal
from vonage_subaccounts import ModifySubaccountOptions


def test_a_subaccount_of_one_sdk_is_one_of_the_other(operator, calling, plivo_calling):
    primary = operator.open_primary("Partner", "100")
    vonage = calling(primary["api_key"], primary["secret"])
    plivo = plivo_calling(primary["auth_id"], primary["auth_token"])

    by_plivo = plivo.opens("By Plivo")
    (seen,) = vonage.subaccounts.list_subaccounts().subaccounts
    assert (seen.name, seen.suspended, seen.use_primary_account_balance) == ("By Plivo", False, True)
    assert seen.primary_account_api_key == vonage.api_key

    vonage.subaccounts.modify_subaccount(seen.api_key, ModifySubaccountOptions(suspended=True))
    assert plivo.sdk.subaccounts.get(by_plivo.auth_id).enabled is False
    customer = plivo_calling(by_plivo.auth_id, by_plivo.auth_token)
    assert refusal(customer, customer.sdk.account.get) == DISABLED

    vonage.opens("By Vonage")
    assert [(it.name, it.enabled) for it in plivo.sdk.subaccounts] == [
        ("By Vonage", True),
        ("By Plivo", False),
    ]
    plivo.sdk.subaccounts.delete(by_plivo.auth_id)
    assert [it.name for it in vonage.subaccounts.list_subaccounts().subaccounts] == ["By Vonage"]
