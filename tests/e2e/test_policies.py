"""An administrator mends a policy in the browser: a slip is named, a sound text is published."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journey
from tests.harness.browser import open_page
from tests.harness.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_slip_is_named_and_the_mended_text_becomes_version_two(
    browser: Browser, product: Product
) -> None:
    with open_page(browser, product.url, "light") as page:
        journey.sign_in(page, "admin", then="/policies?policy=sr-11-7&view=Edit")
        field = page.get_by_label("Text of the policy (YAML)")
        text = field.input_value()
        line = text[: text.index("at_least: 0.65")].count("\n") + 1
        field.fill(text.replace("at_least: 0.65", "atleast: 0.66", 1))
        field.press("Control+Enter")
        expect(page.get_by_text("One fault; this cannot be published.")).to_be_visible()
        expect(page.get_by_text(f"Line {line}:")).to_be_visible()
        expect(page.get_by_text("Did you mean “at_least”?")).to_be_visible()
        field.fill(text.replace("at_least: 0.65", "at_least: 0.66", 1))
        field.press("Control+Enter")
        expect(page.get_by_text("The text is sound.")).to_be_visible()
        page.get_by_role("button", name="Publish").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("A little stricter")
        dialog.get_by_role("button", name="Publish").click()
        expect(page.get_by_text("Version 2, published")).to_be_visible()
        expect(page.get_by_text("The text is that of version 2.")).to_be_visible()
