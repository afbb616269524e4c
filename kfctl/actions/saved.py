"""Plans in files: one run decides, people read, another run does that and nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError, Location, Problem, Refused

if TYPE_CHECKING:
    from kfctl.actions.apply import Apply
    from kfctl.engine.saved import Saved


def open_plan(path: str) -> Saved:
    """Return the plan that a file holds."""
    from kfctl.engine.saved import read

    if (text := _text(path)) is None:
        hint = f"kfctl apply --plan-out {path} makes a plan"
        raise AppError("there is no such file", where=Location(path), hint=hint)
    return read(text, path)


def save(prepared: Apply, path: str) -> None:
    """Write the plan to a file; one that is there is replaced only if it is a plan, too."""
    from pathlib import Path

    from kfctl.engine.saved import is_plan, text
    from kfctl.store.files.reader import Tree
    from kfctl.store.files.writer import confined, write_private

    base, name = confined(Path(prepared.about.app.root), path)
    old = Tree(base).read(name).decode(errors="replace") if Tree(base).has(name) else ""
    if old.strip() and not is_plan(old):
        hint = "give the plan another name"
        raise AppError("the file is there and is no plan", where=Location(path), hint=hint)
    write_private(base, name, text(_content(prepared, os.urandom(16))))


def refuse_moved(prepared: Apply) -> None:
    """Raise Refused with all that is not as it was when the plan was saved."""
    from kfctl.engine.moved import moved

    saved = prepared.saved
    if saved is None:
        return
    problems = moved(saved.content, _content(prepared, saved.salt))
    if problems:
        written = "nothing but the namespace" if prepared.early else "nothing"
        message = f"the plan in {saved.path} no longer holds, and {written} was written"
        hint = f"make it anew and look at it: kfctl apply {saved.environment} --plan-out {saved.path}"
        raise Refused(message, problems=(Problem(message, hint=hint), *problems))


def _content(prepared: Apply, salt: bytes) -> dict[str, Any]:
    from kfctl.actions.run import new_run
    from kfctl.actions.secrets import secrets_of
    from kfctl.engine.saved import Basis, content

    about, decision = prepared.about, prepared.decision
    known = secrets_of(about.app, about.environment).parameters
    basis = Basis(prepared.plan, decision.inventory, about.choices, about.components, known)
    held = content(basis, prepared.run or new_run(prepared.cluster.now()), salt)
    if prepared.early:  # the namespace was missing, and this run has made it
        held["namespace"]["missing"] = True
    return held


def _text(path: str) -> str | None:
    """Return the text of the file that the user names; None where there is none."""
    from kfctl.store.files.reader import read_named
    from kfctl.store.refusal import told

    with told("read", path):
        try:
            return read_named(path).decode(errors="replace")
        except FileNotFoundError:
            return None
