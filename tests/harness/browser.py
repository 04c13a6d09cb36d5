"""Chromium from Debian's packages, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

WIDTH, HEIGHT = 1440, 900
PATIENCE_MILLISECONDS = 30_000
OPTIONS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Raises RuntimeError when Chromium is not installed."""
    path = shutil.which("chromium")
    if not path:
        raise RuntimeError(
            "Chromium is not installed: run `make test`, or apt-get install chromium."
        )
    expect.set_options(timeout=PATIENCE_MILLISECONDS / 2)  # five seconds fail on a busy machine
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, url: str, theme: str = "light") -> Iterator[Page]:
    """A page in a fresh profile: no cookie of anybody, downloads accepted."""
    context = browser.new_context(
        base_url=url,
        accept_downloads=True,
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": WIDTH, "height": HEIGHT},
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context.new_page()
    context.close()


def wait_until_drawn(page: Page) -> None:
    """Return once the page's script has ended and no placeholder is left."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.locator("[data-testid=stSkeleton]:visible")).to_have_count(0)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
