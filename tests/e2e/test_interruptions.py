"""What goes wrong: a run stopped, a second tab, a broken upload, a link without a session."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from engines.data_sources import SLICE_BYTES
from tests.e2e import journey
from tests.harness.browser import open_page
from tests.harness.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
FIRST_SCORE_MILLISECONDS = 90_000


@pytest.fixture
def analyst(visitor: Page) -> Page:
    """A page on which the analyst is signed in."""
    journey.sign_in(visitor, "analyst", then="/experiments")
    return visitor


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    """A CSV of a little more than two slices."""
    line = b"2026-01-31,12.5,north\n"
    file = tmp_path / "large.csv"
    file.write_bytes(b"day,amount,region\n" + line * (2 * SLICE_BYTES // len(line) + 10_000))
    return file


def test_second_tab_is_refused_in_one_sentence_and_cancel_keeps_the_leaderboard(
    analyst: Page,
) -> None:
    journey.create_experiment(analyst, "Stopped half-way")
    journey.take_sample(analyst, "Telco churn")
    journey.go_on(analyst, "Train", "Train")
    start = analyst.get_by_role("button", name="Start training")
    expect(start).to_be_visible()
    second = analyst.context.new_page()
    second.goto(analyst.url)
    journey.untick(second, "Unsupervised")
    journey.untick(analyst, "Unsupervised")
    journey.main(analyst).get_by_text("Best: for a set time").click()
    expect(analyst.get_by_role("spinbutton", name="Time budget")).to_be_visible()
    start.click()
    expect(journey.main(analyst).get_by_text("Training now")).to_be_visible()
    _is_refused(second)
    board = journey.main(analyst).get_by_text("Binary classification · ROC AUC")
    expect(board).to_be_visible(timeout=FIRST_SCORE_MILLISECONDS)
    _cancel(analyst, "The wrong target")
    page = journey.main(analyst)
    expect(page.get_by_text("Training now")).to_be_hidden()
    expect(page.get_by_text("Cancelled").first).to_be_visible()
    expect(page.get_by_text("Cancelled by analyst: The wrong target")).to_be_visible()
    page.get_by_text("Leaderboard when it stopped").click()
    expect(board).to_be_visible()


def _is_refused(tab: Page) -> None:
    tab.get_by_role("button", name="Start training").click()
    alert = journey.main(tab).get_by_role("alert")
    expect(alert).to_have_count(1)
    expect(alert).to_contain_text("A training run is already in progress for this experiment.")


def _cancel(page: Page, reason: str) -> None:
    page.get_by_role("button", name="Cancel run").click()
    dialog = page.get_by_role("dialog")
    confirm = dialog.get_by_role("button", name="Cancel the run")
    confirm.click()
    expect(dialog.get_by_text("A reason is missing.")).to_be_visible()
    dialog.get_by_role("textbox", name="Reason").fill(reason)
    confirm.click()


def test_upload_cut_off_goes_on_by_itself_when_the_network_is_back(
    analyst: Page, large_file: Path
) -> None:
    journey.create_experiment(analyst, "Network lost")
    offsets = _offsets_sent(analyst)
    analyst.route(
        re.compile(rf"/uploads/\w+\?offset={SLICE_BYTES}$"), lambda route: route.abort(), times=1
    )
    analyst.locator("input[type=file]").set_input_files(large_file)
    expect(analyst.get_by_text("The connection is lost; trying again in 1 s.")).to_be_visible()
    expect(analyst.get_by_role("button", name="Use this data")).to_be_visible()
    assert offsets == [0, SLICE_BYTES, SLICE_BYTES, 2 * SLICE_BYTES]


def test_upload_broken_off_by_a_reload_goes_on_where_it_stopped(
    analyst: Page, product: Product, large_file: Path
) -> None:
    journey.create_experiment(analyst, "Page reloaded")
    broken = re.compile(rf"/uploads/\w+\?offset={SLICE_BYTES}$")
    analyst.route(broken, lambda route: route.abort())
    analyst.locator("input[type=file]").set_input_files(large_file)
    expect(analyst.get_by_text("The connection is lost")).to_be_visible()
    analyst.unroute(broken)
    analyst.reload()
    offsets = _offsets_sent(analyst)
    analyst.locator("input[type=file]").set_input_files(large_file)
    expect(analyst.get_by_role("button", name="Use this data")).to_be_visible()
    assert offsets == [SLICE_BYTES, 2 * SLICE_BYTES]
    contents = [file.read_bytes() for file in (product.data / "uploads").rglob("*") if _fits(file)]
    assert large_file.read_bytes() in contents


def _fits(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 2 * SLICE_BYTES


def _offsets_sent(page: Page) -> list[int]:
    """The offsets of the slices sent from now on; the list grows with them."""
    sent: list[int] = []

    def note(method: str, url: str) -> None:
        if method == "PUT" and "/uploads/" in url:
            sent.append(int(parse_qs(urlsplit(url).query)["offset"][0]))

    page.on("request", lambda request: note(request.method, request.url))
    return sent


def test_link_to_a_page_leads_a_stranger_there_through_the_login(
    analyst: Page, browser: Browser, product: Product
) -> None:
    identifier = journey.create_experiment(analyst, "Linked to")
    with open_page(browser, product.url) as stranger:
        journey.sign_in(stranger, "analyst", then=f"/training?experiment={identifier}")
        expect(stranger.get_by_role("heading", name="Train", exact=True)).to_be_visible()
        expect(stranger).to_have_url(re.compile(rf"/training\?experiment={identifier}$"))
        expect(journey.main(stranger).get_by_role("link", name="Linked to")).to_be_visible()
