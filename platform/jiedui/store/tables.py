"""The secret's fingerprint."""

from piccolo.table import Table

from jiedui.store.columns import key, moment, word


class KeyPrint(Table, tablename="key_print"):
    """Which secret this database was written with: told, not the secret."""

    id = key()
    fingerprint = word(16, unique=True)
    created_at = moment()
