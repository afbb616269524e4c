"""What came of an apply, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.errors import ExitCode
from kfctl.model.plan import Action
from kfctl.model.status import Step

if TYPE_CHECKING:
    from kfctl.model.plan import Change, Scope
    from kfctl.model.resource import Key
    from kfctl.model.status import Status


@dataclass(frozen=True)
class Row:
    """What came of one object: what was done (or not, and why), and how it is."""

    key: Key
    action: Action
    step: Step  # DONE, FAILED or SKIPPED
    message: str = ""
    hint: str = ""
    status: Status | None = None  # None where nobody waited for it
    component: str = ""


@dataclass(frozen=True)
class Report:
    """What came of all objects."""

    scope: Scope
    rows: tuple[Row, ...]
    left: tuple[Change, ...] = ()  # no longer in the app, still on the cluster
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    late: bool = False  # the time to wait was over
    unseen: bool = False  # of a delete: more may be there, where this user or the server can't look

    @property
    def failed(self) -> tuple[Row, ...]:
        """What could not be applied."""
        return tuple(row for row in self.rows if row.step is Step.FAILED)

    @property
    def skipped(self) -> tuple[Row, ...]:
        """What was not tried."""
        return tuple(row for row in self.rows if row.step is Step.SKIPPED)

    @property
    def troubled(self) -> tuple[Row, ...]:
        """What was applied and is not ready."""
        return tuple(row for row in self.rows if row.status and not row.status.health.good)

    @property
    def exit_code(self) -> ExitCode:
        """What the process tells the shell."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if self.failed or self.unseen:
            return ExitCode.CLUSTER
        return ExitCode.NOT_READY if self.troubled or self.skipped else ExitCode.OK

    def counts(self) -> dict[str, int]:
        """Return how many objects were created, updated and so on, failed and skipped; zeros left out."""
        words = [row.action.value if row.step is Step.DONE else row.step.value for row in self.rows]
        known = [*(action.value for action in Action), Step.FAILED.value, Step.SKIPPED.value]
        return {word: words.count(word) for word in known if word in words}
