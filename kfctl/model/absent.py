"""The value of what is not there."""


class _Absent:
    """Unlike None, which is YAML's null."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()
