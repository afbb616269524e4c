"""What the shell may complete: the names in the app at hand; it never fails and never prints."""

import typer


def environments(context: typer.Context, incomplete: str) -> list[str]:
    """Return the app's environments."""
    return []


def components(context: typer.Context, incomplete: str) -> list[str]:
    """Return the app's components."""
    return []


def contexts(context: typer.Context, incomplete: str) -> list[str]:
    """Return the contexts of the user's kubeconfig."""
    return []


def assignment(context: typer.Context, incomplete: str) -> list[str]:
    """Return what comes next in `COMPONENT KEY VALUE`."""
    return []


def keys(context: typer.Context, incomplete: str) -> list[str]:
    """Return the parameters of the component that was named."""
    return []


def prototypes(context: typer.Context, incomplete: str) -> list[str]:
    """Return the prototypes."""
    return []
