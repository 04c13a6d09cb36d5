"""The steps of the whole job, as a new user clicks through them."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

from playwright.sync_api import Locator, Page, expect

from tests.harness.browser import wait_until_drawn
from tests.harness.product import PASSWORD

TRAINING_MILLISECONDS = 300_000
EDA_MILLISECONDS = 90_000


def sign_in(page: Page, name: str, then: str = "/") -> None:
    """Follow a link as a stranger, sign in, and arrive there."""
    page.goto(then)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("stMain")).to_be_visible()
    expect(page.get_by_text(f"Signed in as {name}")).to_be_visible()


def main(page: Page) -> Locator:
    """The page without its menu."""
    return page.get_by_test_id("stMain")


def create_experiment(page: Page, name: str) -> str:
    """Create an experiment with the dialog; its id."""
    page.get_by_role("button", name="New experiment").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create experiment").click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("experiment=[0-9a-f]{32}"))
    return page.url.split("experiment=")[1][:32]


def upload(page: Page, file: Path) -> None:
    """Choose a file, look at how it is read, take it."""
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Use this data").click(timeout=60_000)
    expect(main(page).get_by_text("Content hash")).to_be_visible(timeout=60_000)


def take_sample(page: Page, title: str) -> None:
    """Take the sample of that title with one click."""
    position = ["Telco churn", "Ames house prices", "Wholesale customers"].index(title)
    page.get_by_role("button", name="Use this sample").nth(position).click()
    expect(main(page).get_by_text("Content hash")).to_be_visible(timeout=60_000)


def go_on(page: Page, step: str, heading: str) -> None:
    """Follow the workflow's link to the next step."""
    page.locator(".st-key-stepper").get_by_role("link", name=step).click()
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def explore(page: Page) -> None:
    """Open the exploration and wait for its verdict."""
    go_on(page, "Explore", "Explore")
    expect(main(page).get_by_text("Quality, of 100")).to_be_visible(timeout=EDA_MILLISECONDS)


def train(page: Page, *unticked: str) -> None:
    """Take the suggestions, leave out the `unticked` kinds of tasks, train to the end."""
    go_on(page, "Train", "Train")
    for kind in unticked:
        untick(page, kind)
    page.get_by_role("button", name="Start training").click()
    expect(main(page).get_by_text("Training now")).to_be_visible()
    expect(main(page).get_by_text("Training now")).to_be_hidden(timeout=TRAINING_MILLISECONDS)
    expect(main(page).get_by_text("Succeeded").first).to_be_visible()
    expect(main(page).get_by_role("alert")).to_have_count(0)


def untick(page: Page, kind: str) -> None:
    """Leave out a kind of tasks; returns when the form has taken it in."""
    box = main(page).get_by_role("checkbox", name=kind, exact=True)
    main(page).get_by_text(kind, exact=True).click()
    expect(box).not_to_be_checked()
    wait_until_drawn(page)


def download(page: Page, label: str, folder: Path) -> Path:
    """Press a download of the Results page and unpack what comes."""
    page.get_by_role("tab", name="Download").click()
    with page.expect_download(timeout=60_000) as coming:
        page.get_by_role("link", name=label).click()
    archive = folder / coming.value.suggested_filename
    coming.value.save_as(archive)
    unpacked = folder / archive.stem
    with ZipFile(archive) as packed:
        packed.extractall(unpacked)
    return unpacked


def predict_elsewhere(model: Path, rows: Path, environment: Path) -> Path:
    """Run the package's predict.py in a fresh virtualenv of its requirements; the answers."""
    python = environment / "bin" / "python"
    answers = model / "answers.csv"
    uv = [str(Path(sys.executable).with_name("uv"))]
    _run([*uv, "venv", "--quiet", "--python", sys.executable, str(environment)])
    requirements = str(model / "requirements.txt")
    _run([*uv, "pip", "install", "--quiet", "--python", str(python), "-r", requirements])
    _run([str(python), str(model / "predict.py"), str(rows), str(answers)])
    return answers


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, cwd="/")
    assert done.returncode == 0, f"{argv}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


Picture = Callable[[Page, str], Path]
