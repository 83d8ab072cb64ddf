"""What whoever takes or restores a backup should hear."""

from jiedui.errors import DomainError


class BackupRefused(DomainError):
    """Nothing was taken, or nothing restored; the sentence says why and what to do."""

    status_code = 409
