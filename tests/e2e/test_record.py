"""The question of record in a browser: from the inventory to who decided, and by a request."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engines.core import settings as configuration
from engines.core.correlation import correlated
from engines.core.gate import Purpose, Stage
from engines.wiring import build
from tests.e2e import journey
from tests.harness.browser import open_page
from tests.harness.desk import Desk
from tests.harness.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def desk(product: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A model approved as trained, and once downloaded."""
    for name, value in product.environ.items():
        monkeypatch.setenv(name, value)
    desk = Desk(build(configuration.load()))
    desk.plant("Churn on record")
    desk.document()
    desk.approve(desk.submit(Stage.TRAINING), "checker", "validator")
    with correlated("request-of-the-day"):
        desk.svc.gate.may_use(desk.person("deployer"), desk.model, Purpose.DOWNLOAD)
    yield desk
    desk.svc.db.engine.dispose()


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    """The auditor's browser."""
    with open_page(browser, product.url) as page:
        journey.sign_in(page, "auditor", then="/experiments")
        yield page


def test_auditor_finds_who_decided_from_the_inventory_and_by_the_request(
    page: Page, desk: Desk, take_picture: journey.Picture, tmp_path: Path
) -> None:
    page.goto(f"/inventory?model={desk.model}")
    page.get_by_role("link", name="Who decided, as of now").click()
    main = journey.main(page)
    expect(main.get_by_text("was approved up to training")).to_be_visible()
    take_picture(page, "record-in-use")
    main.get_by_role("link", name="request-of-the-day").click()
    expect(main.get_by_text("deployer asked for a download")).to_be_visible()
    expect(main.get_by_text("checker (checker),")).to_be_visible()
    take_picture(page, "record-request")
    with page.expect_download() as coming:
        main.get_by_role("button", name="JSON", exact=True).click()
    coming.value.save_as(tmp_path / "record.json")
    told = json.loads((tmp_path / "record.json").read_text("utf-8"))
    assert told["decisions"][0]["approval"]["model"] == str(desk.model)
    main.get_by_label("Request").fill("nobody")
    main.get_by_label("Request").press("Enter")
    expect(main.get_by_text("The gate never saw a request with this id.")).to_be_visible()
    take_picture(page, "record-unknown")
