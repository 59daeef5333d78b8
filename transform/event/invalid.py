"""The error of a payload that can never become a like."""


class InvalidLike(ValueError):
    """A payload that can never become a like, however often it is tried."""

    def __init__(self, reason: str, detail: str) -> None:
        """Take a machine-readable `reason` and the same in a sentence for people."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
