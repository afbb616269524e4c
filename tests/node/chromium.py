"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.cluster.node import debian

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

# It speaks to the hub alone: no updates, no telemetry, no proxy of the machine's.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS = 120  # for a page to show what is waited for; a busy machine takes its time


@contextmanager
def chromium() -> Iterator[Page]:
    """A window of a browser that knows nothing yet."""
    debian.prepare(debian.BROWSER)
    with sync_playwright() as playwright:
        program = debian.BROWSER["chromium"]
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1100, "height": 700})
        page.set_default_timeout(SECONDS * 1000)
        page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?" is answered with yes
        try:
            yield page
        finally:
            browser.close()
