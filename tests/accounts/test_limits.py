"""How many wrong passwords are too many, and for whom."""

from datetime import timedelta

import pytest

from lms.accounts.limits import ACCOUNT, ACCOUNT_FROM_ADDRESS, ADDRESS, WINDOW, too_many


def test_someone_who_types_wrongly_a_few_times_may_try_on():
    assert not too_many(account_here=ACCOUNT_FROM_ADDRESS - 1, account=7, address=7, known_address=False)


@pytest.mark.parametrize("known_address", [True, False])
def test_an_account_tried_too_often_from_one_address_must_wait_there(known_address):
    assert too_many(ACCOUNT_FROM_ADDRESS, ACCOUNT_FROM_ADDRESS, ACCOUNT_FROM_ADDRESS, known_address)


def test_guessing_at_one_account_from_many_addresses_is_stopped():
    assert not too_many(account_here=1, account=ACCOUNT - 1, address=1, known_address=False)
    assert too_many(account_here=0, account=ACCOUNT, address=0, known_address=False)


def test_guessing_at_many_accounts_from_one_address_is_stopped():
    assert not too_many(account_here=1, account=1, address=ADDRESS - 1, known_address=False)
    assert too_many(account_here=0, account=0, address=ADDRESS, known_address=False)


def test_nobody_locks_a_colleague_out_of_an_address_the_account_is_known_at():
    assert not too_many(account_here=0, account=100 * ACCOUNT, address=100 * ADDRESS, known_address=True)


def test_a_room_of_two_hundred_who_all_mistype_once_gets_in():
    assert not too_many(account_here=1, account=1, address=200, known_address=False)


def test_guessing_goes_on_at_a_rate_that_gets_nobody_far():
    a_day = timedelta(days=1) / WINDOW * ACCOUNT

    assert a_day < 10_000
