"""Every page of governance, by mouse; a finding's whole life and a vote, by keyboard alone."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from engines.core import settings as configuration
from engines.core.database import now
from engines.core.gate import Stage
from engines.governance import approvals
from engines.wiring import build
from tests.e2e import journey
from tests.harness.browser import open_page, wait_until_drawn
from tests.harness.desk import Desk
from tests.harness.keyboard import Keyboard
from tests.harness.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class People:
    """Pages by person, each signed in once, when first asked for."""

    def __init__(self, browser: Browser, url: str, stack: ExitStack) -> None:
        self._browser, self._url, self._stack = browser, url, stack
        self._pages: dict[str, Page] = {}

    def __call__(self, name: str, address: str = "/inbox") -> Page:
        """That person's browser, with the page of that address drawn in it."""
        if name not in self._pages:
            self._pages[name] = self._stack.enter_context(open_page(self._browser, self._url))
            journey.sign_in(self._pages[name], name, then=address)
        else:
            self._pages[name].goto(address)
        wait_until_drawn(self._pages[name])
        return self._pages[name]


@pytest.fixture(scope="module")
def desk(product: Product) -> Iterator[Desk]:
    """The engines on the product's settings; one model, documented, that waits for a checker."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in product.environ.items():
            patch.setenv(name, value)
        svc = build(configuration.load())
    desk = Desk(svc)
    desk.plant()
    desk.document()
    yield desk
    svc.db.engine.dispose()


@pytest.fixture
def own_desk(desk: Desk) -> Desk:
    """A desk of the test's own, for a model that no other test is about: their order is open."""
    return Desk(desk.svc)


@pytest.fixture(scope="module")
def waiting(desk: Desk) -> str:
    """The model's submission for the first stage."""
    return desk.submit(Stage.TRAINING)


@pytest.fixture(scope="module")
def people(browser: Browser, product: Product) -> Iterator[People]:
    """Everybody's browser."""
    with ExitStack() as stack:
        yield People(browser, product.url, stack)


def says(page: Page, text: str) -> Locator:
    """Wait until the page says it."""
    found = journey.main(page).get_by_text(text).first
    expect(found).to_be_visible()
    return found


def press(page: Page, name: str) -> None:
    """Press the button of that name on the page."""
    journey.main(page).get_by_role("button", name=name, exact=True).first.click()


def answer(page: Page, button: str, **fields: str) -> None:
    """Fill in the dialog, press its button, and wait until it has gone."""
    dialog = page.get_by_role("dialog")
    for label, text in fields.items():
        dialog.get_by_label(label, exact=True).fill(text)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def option(page: Page, label: str, words: str) -> None:
    """Choose in a list that opens."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=words, exact=True).click()


def fetch(page: Page, label: str, folder: Path) -> bytes:
    """Press a download; what came."""
    with page.expect_download() as coming:
        journey.main(page).get_by_role("button", name=label, exact=True).click()
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    return file.read_bytes()


def vote_by_keyboard(page: Page, take_picture: journey.Picture) -> None:
    """Approve all of it, in the dialog, without a mouse."""
    keys, dialog = Keyboard(page), page.get_by_role("dialog")
    keys.press(page.get_by_role("button", name="Vote", exact=True))
    expect(dialog.locator("code")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    keys.tick(dialog.get_by_role("radio", name="Approve", exact=True))
    boxes = dialog.get_by_role("checkbox")
    for number in range(boxes.count()):
        keys.tick(boxes.nth(number))
    keys.write(dialog.get_by_label("Reason"), "Looked at, without a mouse.")
    take_picture(page, "approval-vote")
    keys.press(dialog.get_by_role("button", name="Vote", exact=True))
    expect(dialog).to_have_count(0)


def test_submission_is_discussed_voted_on_by_keyboard_raised_and_revoked(
    people: People, desk: Desk, waiting: str, take_picture: journey.Picture
) -> None:
    page = people("validator", f"/approval?submission={waiting}&view=Discussion")
    page.get_by_label("Comment").fill("Which customers are not in it?")
    press(page, "Add comment")
    says(page, "Which customers are not in it?")
    voter = people("checker", f"/approval?submission={waiting}")
    vote_by_keyboard(voter, take_picture)
    says(voter, "It waits for a validator")
    desk.approve(waiting, "validator")
    page.reload()
    says(page, "Approved until")
    press(page, "Raise the tier")
    take_picture(page, "approval-raise")
    answer(page, "Raise", Reason="It decides about more than was told.")
    says(page, "The approval does not hold")
    take_picture(page, "approval-raised")
    voter.reload()
    press(voter, "Revoke")
    answer(voter, "Revoke", Reason="Found to be wrong for firms.")
    says(voter, "The approval was revoked.")
    take_picture(voter, "approval-revoked")


def test_maker_withdraws_and_checker_lends_the_vote(
    people: People, own_desk: Desk, take_picture: journey.Picture
) -> None:
    own_desk.plant("Churn to withdraw")
    own_desk.document()
    row = own_desk.submit(Stage.TRAINING)
    page = people("analyst", f"/approval?submission={row}")
    press(page, "Withdraw")
    answer(page, "Withdraw", Reason="A better one comes.")
    says(page, "It was withdrawn")
    page = people("checker", "/approvals")
    page.get_by_role("button", name="My delegations").click()
    option(page, "To", "validator")
    page.get_by_label("Reason").fill("On leave.")
    page.get_by_role("button", name="Delegate", exact=True).click()
    expect(page.get_by_text("validator votes for you as checker")).to_be_visible()
    take_picture(page, "approvals-delegation")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("taken back")).to_be_visible()


def move(page: Page, act: str, becomes: str) -> None:
    """Press the button and give a reason, by keyboard; the finding is in that state then."""
    keys, dialog = Keyboard(page), page.get_by_role("dialog")
    keys.press(journey.main(page).get_by_role("button", name=act, exact=True))
    keys.write(dialog.get_by_label("Reason"), "Firms have a model of their own now.")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    says(page, becomes)


def test_finding_lives_and_is_closed_by_keyboard_alone(
    people: People, waiting: str, take_picture: journey.Picture
) -> None:
    page = people("checker", "/findings")
    keys = Keyboard(page)
    keys.press(page.get_by_role("button", name="New finding"))
    dialog = page.get_by_role("dialog")
    model = dialog.get_by_role("combobox", name="Model")
    keys.reach(model)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    keys.write(dialog.get_by_label("Title"), "Firms are scored like people")
    keys.write(dialog.get_by_label("What is wrong, and how you know"), "By hand, on ten firms.")
    keys.choose(dialog.get_by_role("combobox", name="Severity"), "High")
    keys.choose(dialog.get_by_role("combobox", name="Owner"), "checker")
    take_picture(page, "finding-new")
    keys.press(dialog.get_by_role("button", name="Open finding"))
    expect(page.get_by_role("heading", name="Firms are scored like people")).to_be_visible()
    move(page, "Work on it", "In remediation")
    move(page, "It is resolved", "Resolved")
    says(page, "does not close it")
    page = people("validator", page.url)
    move(page, "Close it", "Closed")
    take_picture(page, "finding-closed")


def test_finding_changes_owner_and_day(people: People, desk: Desk) -> None:
    year = now().year + 1
    page = people("validator", f"/findings?finding={desk.find('Old data')}")
    says(page, "History")
    press(page, "Change")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_visible()
    option(page, "Owner", "validator")
    dialog.get_by_role("spinbutton", name="year, Due").click()
    page.keyboard.type(str(year))
    answer(page, "Save", Reason="It is theirs.")
    says(page, "Owner validator")
    says(page, f"{year}-")
    page = people("validator", "/findings")
    journey.main(page).get_by_role("button", name="In remediation").click()
    expect(page).to_have_url(re.compile("standing=in_remediation"))
    says(page, "Nothing matches")


def test_inventory_narrows_looks_back_and_assesses_the_risk(
    people: People, own_desk: Desk, tmp_path: Path, take_picture: journey.Picture
) -> None:
    own_desk.plant("Churn in the making")
    page = people("validator", "/inventory")
    option(page, "Status", "In development")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"stands=development"))
    page.reload()
    expect(
        journey.main(page).get_by_text(re.compile(r"^[\d ]+(of \d+ )?models?\b"))
    ).to_be_visible()
    assert b"telco_churn.csv" in fetch(page, "CSV", tmp_path)
    page = people("validator", "/inventory?at=2020-01-01")
    says(page, "Nothing matches")
    page = people("validator", f"/inventory?model={own_desk.model}")
    press(page, "Assess the risk")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Summary")).to_be_visible()
    for level in ("low", "effective"):
        for button in dialog.get_by_role("radio", name=level).all():
            button.click()
    for because in dialog.get_by_label("Because").all():
        because.fill("Looked at.")
    take_picture(page, "inventory-risk")
    answer(page, "Store assessment")
    says(page, "low residual risk")


def test_dashboard_tells_and_hands_out_the_report(
    people: People, desk: Desk, waiting: str, tmp_path: Path, take_picture: journey.Picture
) -> None:
    actor = desk.person("validator")
    model = approvals.open_submission(desk.svc.board, actor, waiting).submission.model
    page = people("validator", f"/governance?model={model}")
    assert b"waiting" in fetch(page, "All figures as CSV", tmp_path)
    press(page, "Show the report")
    expect(journey.main(page).get_by_text(re.compile("models?, .+, version"))).to_be_visible()
    take_picture(page, "governance-report")
    for form, begins in (("HTML", b"<!doctype"), ("DOCX", b"PK"), ("PDF", b"%PDF")):
        assert fetch(page, form, tmp_path).lower().startswith(begins.lower())


def test_policy_is_tried_on_the_past_published_and_taken_back(
    people: People, waiting: str, take_picture: journey.Picture
) -> None:
    page = people("admin", "/policies?view=Edit")
    number = int(page.get_by_role("combobox", name="Version").input_value())
    field = page.get_by_label("Text of the policy (YAML)")
    text = field.input_value()
    field.fill(text.replace("at_least: 0.65", "at_least: 0.99", 1))
    field.press("Control+Enter")
    says(page, "would fail")
    take_picture(page, "policies-preview")
    press(page, "Publish")
    answer(page, "Publish", Reason="Only the best.")
    says(page, f"Version {number + 1}, published")
    page.get_by_role("tab", name="Versions").click()
    take_picture(page, "policies-versions")
    press(page, f"Publish version {number} again")
    answer(page, "Publish", Reason="Too strict.")
    says(page, f"Version {number + 2}, published")


def test_inbox_is_read_made_unread_and_followed(
    people: People, waiting: str, take_picture: journey.Picture
) -> None:
    page = people("checker", "/inbox")
    press(page, "Mark all as read")
    says(page, "0 unread")
    press(page, "Mark as unread")
    says(page, "1 unread")
    expect(page.get_by_role("link", name="Inbox (1)")).to_be_visible()
    take_picture(page, "inbox-unread")
    page.locator("[class*='st-key-open'] button").first.click()
    expect(page).not_to_have_url(re.compile("/inbox"))


def test_document_is_written_and_taken_away_in_each_format(
    people: People, own_desk: Desk, tmp_path: Path, take_picture: journey.Picture
) -> None:
    own_desk.plant("Churn to write about")
    experiment = own_desk.svc.board.sources.of(own_desk.model).experiment_id
    page = people("analyst", f"/documents?experiment={experiment}&kind=model_card")
    press(page, "Draft from the run")
    says(page, "sections are missing")
    take_picture(page, "documents-missing")
    page.get_by_role("tab", name="Edit").click()
    field = journey.main(page).get_by_role("textbox").last
    field.fill("Written **by hand**.")
    field.press("Control+Enter")
    press(page, "Save section")
    says(page, "Written")
    take_picture(page, "documents-written")
    for form, begins in (("Word (DOCX)", b"PK"), ("PDF", b"%PDF"), ("HTML", b"<!doctype")):
        assert fetch(page, form, tmp_path).lower().startswith(begins.lower())
