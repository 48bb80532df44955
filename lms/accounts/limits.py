"""How many wrong passwords are too many: by account and address together, so that nobody locks a colleague out,
and by address alone only far above what a room of two hundred behind one address would reach."""

from datetime import timedelta

WINDOW = timedelta(minutes=15)
ACCOUNT_FROM_ADDRESS = 8
ACCOUNT = 60
ADDRESS = 400


def too_many(account_here: int, account: int, address: int, known_address: bool) -> bool:
    """Whether another try must wait.

    Counts of failures within WINDOW: of this account from this address, of this account from anywhere, from this
    address for any account. At an address from which the account has signed in before, only the first counts.
    """
    if account_here >= ACCOUNT_FROM_ADDRESS:
        return True
    if known_address:
        return False
    return account >= ACCOUNT or address >= ADDRESS
