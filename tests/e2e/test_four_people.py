"""Four people in four browsers take a model to UAT; then one byte of it is changed on disk."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engines.core import settings as configuration
from engines.core.gate import Stage
from engines.wiring import build
from tests.e2e import journey
from tests.harness.browser import open_page, wait_until_drawn
from tests.harness.desk import Desk
from tests.harness.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PEOPLE = ("analyst", "checker", "validator", "deployer")
FOREVER = 180_000  # milliseconds: publishing runs as a job
Sign = Callable[[str], Page]


@pytest.fixture
def desk(product: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The engines on the product's own settings."""
    for name, value in product.environ.items():
        monkeypatch.setenv(name, value)
    svc = build(configuration.load())
    yield Desk(svc)
    svc.db.engine.dispose()


@pytest.fixture
def people(browser: Browser, product: Product) -> Iterator[dict[str, Page]]:
    """Four people, each signed in in a browser context of their own."""
    with ExitStack() as stack:
        found = {name: stack.enter_context(open_page(browser, product.url)) for name in PEOPLE}
        for name, page in found.items():
            journey.sign_in(page, name, then="/approvals")
        yield found


def says(page: Page, text: str) -> None:
    expect(journey.main(page).get_by_text(text).first).to_be_visible()


def submit(page: Page, desk: Desk, reason: str) -> None:
    """Press Submit on the model's page and give the reason."""
    page.goto(f"/approval?model={desk.model}")
    says(page, "Ready to submit.")
    page.get_by_role("button", name="Submit", exact=True).click()
    page.get_by_role("dialog").get_by_label("Reason").fill(reason)
    page.get_by_role("dialog").get_by_role("button", name="Submit now").click()
    says(page, "It waits for a checker")


def open_first(page: Page) -> None:
    """Open what waits first for this person."""
    page.goto("/approvals")
    says(page, "Waiting for your vote: 1")
    page.locator("[class*='st-key-rows-votes']").get_by_role("link").first.click()
    says(page, "It waits for")


def vote(page: Page, decision: str, reason: str, parts: list[str] | None = None) -> None:
    """Vote in the dialog, with the named parts ticked, or all that are asked."""
    page.get_by_role("button", name="Vote", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("code")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    dialog.get_by_text(decision, exact=True).click()
    boxes = dialog.get_by_test_id("stCheckbox")
    for number in range(boxes.count()):
        if parts is None or boxes.nth(number).inner_text().strip() in parts:
            boxes.nth(number).locator("label").click()
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name="Vote", exact=True).click()
    expect(dialog).to_have_count(0)


def publish(page: Page) -> str:
    """Publish the approved model as a job; the release's address."""
    page.goto("/artifacts")
    page.get_by_label("Release notes").fill("The first model of churn.")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_url("**release=**")
    expect(journey.main(page).get_by_text("Promote to uat").first).to_be_visible(timeout=FOREVER)
    return page.url


def promote(page: Page, release: str, to: str) -> None:
    """Ask for the promotion."""
    page.goto(release)
    page.get_by_label("Reason").fill("It is its turn.")
    page.get_by_role("button", name=f"Promote to {to}").click()


def change_a_byte(file: Path) -> None:
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def return_and_approve(people: dict[str, Page], desk: Desk, picture: journey.Picture) -> str:
    """Blocked, submitted, returned, mended, approved by two: the address of the approval."""
    maker, checker, validator, _ = (people[name] for name in PEOPLE)
    maker.goto(f"/approval?model={desk.model}")
    says(maker, "One thing stands in the way")
    picture(maker, "approval-blocked")
    desk.write("model_card", "caveats", "Not for firms.")
    submit(maker, desk, "A first model of churn.")
    open_first(checker)
    picture(checker, "approval")
    vote(checker, "Return with comments", "Say for whom it is not tested.", ["Data", "Code"])
    says(checker, "It was returned.")
    maker.goto("/approvals")
    says(maker, "Yours to go on with: 1")
    desk.write("model_card", "caveats", "Not for firms; not tested on new customers.")
    submit(maker, desk, "The caveats are complete.")
    open_first(checker)
    checker.get_by_role("tab", name="Changes").click()
    says(checker, "not tested on new customers")
    checker.get_by_role("button", name="Vote", exact=True).first.click()
    expect(checker.get_by_role("dialog")).to_contain_text("so not asked again: code, data")
    checker.keyboard.press("Escape")
    vote(checker, "Approve", "The caveats say it now.")
    says(checker, "It waits for a validator")
    open_first(validator)
    vote(validator, "Approve", "Sound.")
    says(validator, "Approved until")
    return validator.url


def publish_and_promote(deployer: Page, desk: Desk) -> str:
    """Published to dev, approved for UAT and promoted there: the release's address."""
    desk.validate()
    desk.approve(desk.submit(Stage.PUBLISHED), "checker", "validator")
    release = publish(deployer)
    desk.approve(desk.submit(Stage.UAT), "checker")
    open_first(deployer)
    vote(deployer, "Approve", "UAT is ready for it.")
    says(deployer, "Approved until")
    promote(deployer, release, "uat")
    turned = journey.main(deployer).get_by_text("Promote to prod").first
    expect(turned).to_be_visible(timeout=FOREVER)  # a job copies it
    return release


def show(people: dict[str, Page], desk: Desk, picture: journey.Picture) -> None:
    """The pages that tell of the model, as they are for those who read them."""
    experiment = desk.svc.board.sources.of(desk.model).experiment_id
    told = f"?experiment={experiment}&run={desk.model.run_id}&task={desk.model.task}"
    for name, address, heading in (
        ("analyst", f"/documents{told}", "Documents"),
        ("checker", "/approvals", "Approvals"),
        ("deployer", "/artifacts", "Artifacts"),
        ("validator", "/inventory", "Inventory"),
        ("validator", "/governance", "Dashboard"),
        ("analyst", "/inbox", "Inbox"),
    ):
        page = people[name]
        page.goto(address)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        wait_until_drawn(page)
        picture(page, f"{heading.lower()}-in-use")


def test_four_people_take_a_model_to_uat_and_a_changed_byte_stops_every_use(
    people: dict[str, Page], desk: Desk, take_picture: journey.Picture
) -> None:
    maker, _, validator, deployer = (people[name] for name in PEOPLE)
    desk.train()
    desk.document(but="caveats")
    trained = return_and_approve(people, desk, take_picture)
    release = publish_and_promote(deployer, desk)
    show(people, desk, take_picture)

    change_a_byte(desk.svc.runs_dir / desk.model.run_id / desk.model.task / "model.skops")

    promote(deployer, release, "prod")
    says(deployer, "model file “model.skops” has changed")
    answer = maker.request.get(f"/downloads/model/{desk.model}.zip")
    assert answer.status == 403
    assert "model.skops" in answer.text()
    experiment = desk.svc.board.sources.of(desk.model).experiment_id
    run = f"run={desk.model.run_id}&task={desk.model.task}"
    maker.goto(f"/results?experiment={experiment}&{run}&view=Predict")
    says(maker, "This model may not be used for trial")
    validator.goto(f"{trained}&view=Content")
    wait_until_drawn(validator)
    says(validator, "The approval is void")
    says(validator, "“model.skops” has changed")
    take_picture(validator, "approval-void")
