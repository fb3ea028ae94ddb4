"""Transfer of numbers."""

import itertools

import pytest
from refusals import SAME_ACCOUNTS, invalid, number_refusal, refusal
from vonage_http_client.errors import ForbiddenError, HttpRequestError, NotFoundError
from vonage_subaccounts import ModifySubaccountOptions, TransferNumberRequest

# One server for all tests, so every number is given out once.
ENDINGS = itertools.count(1)


@pytest.fixture
def number_of(operator):
    def give(api_key: str) -> str:
        msisdn = f"4477009{next(ENDINGS):05}"
        operator.give_number(api_key, "GB", msisdn)
        return msisdn

    return give


def transfer(caller, source, target, number, country="GB"):
    request = TransferNumberRequest(from_=source, to=target, number=number, country=country)
    return caller.subaccounts.transfer_number(request)


def could_not(number, source, target, why):
    return f"Could not transfer number {number} from account {source} to {target} - ShortCode {why}"


def not_owned(*numbered):
    detail = could_not(*numbered, "is not owned by from account")
    return number_refusal(403, "invalid-number-transfer", "Invalid Number Transfer", detail)


def not_found(*numbered):
    detail = could_not(*numbered, "not found")
    return number_refusal(404, "missing-number-transfer", "Invalid Number Transfer", detail)


def already_owned(*numbered):
    detail = could_not(*numbered, "is already owned by requesting account")
    return number_refusal(409, "transfer-conflict", "Transfer Conflict", detail)


def foreign(number, source, target):
    detail = (
        f"Failed to perform transfer number {number} from account {source} to {target} - "
        "The relationship between these two accounts does not allow for number transfer"
    )
    return number_refusal(403, "invalid-number-transfer", "Invalid Number Transfer", detail)


def banned():
    detail = "One of the accounts involved in the transfer is banned"
    return number_refusal(403, "invalid-number-transfer", "Invalid Number Transfer", detail)


def test_a_number_goes_wherever_in_the_family_and_back(partner, number_of):
    first, second = partner.opens("S1").api_key, partner.opens_own("S2")
    number = number_of(partner.api_key)
    for source, target in itertools.pairwise([partner.api_key, first, second, partner.api_key]):
        answer = transfer(partner, source, target, number)
        assert (answer.number, answer.country, answer.from_, answer.to) == (number, "GB", source, target)
        assert partner.sdk.http_client.last_response.json() == {
            "number": number,
            "country": "GB",
            "from": source,
            "to": target,
            "masterAccountId": partner.api_key,
        }
        # It is really there now, and no longer where it was.
        assert refusal(HttpRequestError, transfer, partner, source, target, number) == already_owned(
            number, source, target
        )


def test_a_transfer_without_a_country_answers_the_numbers_own(partner, number_of):
    key = partner.opens("S1").api_key
    number = number_of(partner.api_key)
    assert transfer(partner, partner.api_key, key, number, country=None).country == "GB"


def test_a_country_in_lower_case_and_a_number_with_a_plus_are_the_same_number(partner, number_of):
    key = partner.opens("S1").api_key
    number = number_of(partner.api_key)
    answer = transfer(partner, partner.api_key, key, f"+{number}", country="gb")
    assert (answer.number, answer.country) == (number, "GB")


def test_a_number_that_the_source_does_not_own_is_refused(partner, stranger, number_of):
    first, second = partner.opens("S1").api_key, partner.opens("S2").api_key
    of_the_primary, of_a_stranger = number_of(partner.api_key), number_of(stranger.api_key)
    for number in (of_the_primary, of_a_stranger):
        assert refusal(ForbiddenError, transfer, partner, first, second, number) == not_owned(
            number, first, second
        )


def test_a_number_that_nobody_has_is_not_found(partner, number_of):
    key = partner.opens("S1").api_key
    number = number_of(partner.api_key)
    nobodys = "447700800000"
    assert refusal(NotFoundError, transfer, partner, partner.api_key, key, nobodys) == not_found(
        nobodys, partner.api_key, key
    )
    # A number is one of its country's.
    assert refusal(NotFoundError, transfer, partner, partner.api_key, key, number, "US") == not_found(
        number, partner.api_key, key
    )


def test_a_number_never_leaves_the_family_nor_comes_from_another(partner, stranger, number_of):
    mine, theirs = number_of(partner.api_key), number_of(stranger.api_key)
    out = (partner.api_key, stranger.api_key)
    assert refusal(ForbiddenError, transfer, partner, *out, mine) == foreign(mine, *out)
    assert refusal(ForbiddenError, transfer, partner, *reversed(out), theirs) == foreign(
        theirs, *reversed(out)
    )
    unknown = (partner.api_key, "00000000")
    assert refusal(ForbiddenError, transfer, partner, *unknown, mine) == foreign(mine, *unknown)


def test_a_suspended_account_neither_gives_nor_takes_a_number(partner, number_of):
    key = partner.opens("S1").api_key
    given, taken = number_of(key), number_of(partner.api_key)
    partner.subaccounts.modify_subaccount(key, ModifySubaccountOptions(suspended=True))
    assert refusal(ForbiddenError, transfer, partner, key, partner.api_key, given) == banned()
    assert refusal(ForbiddenError, transfer, partner, partner.api_key, key, taken) == banned()

    partner.subaccounts.modify_subaccount(key, ModifySubaccountOptions(suspended=False))
    assert transfer(partner, key, partner.api_key, given).to == partner.api_key


def test_a_number_is_not_transferred_to_where_it_comes_from(partner, number_of):
    number = number_of(partner.api_key)
    assert refusal(HttpRequestError, transfer, partner, partner.api_key, partner.api_key, number) == invalid(
        SAME_ACCOUNTS
    )
