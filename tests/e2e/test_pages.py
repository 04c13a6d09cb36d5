"""Every page opens without a failure, in both themes, for somebody who may see it."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journey
from tests.harness.browser import open_page
from tests.harness.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
FAILURES = "[data-testid=stException], [data-testid=stAlertContentError]"
PAGES = [
    ("analyst", "experiments", "Experiments"),
    ("analyst", "experiment", "Experiment"),
    ("analyst", "data", "Data"),
    ("analyst", "eda", "Explore"),
    ("analyst", "training", "Train"),
    ("analyst", "results", "Results"),
    ("analyst", "documents", "Documents"),
    ("analyst", "inbox", "Inbox"),
    ("analyst", "jobs", "Jobs"),
    ("analyst", "account", "Account"),
    ("checker", "approvals", "Approvals"),
    ("deployer", "artifacts", "Artifacts"),
    ("validator", "findings", "Findings"),
    ("auditor", "inventory", "Inventory"),
    ("auditor", "governance", "Dashboard"),
    ("auditor", "audit", "Audit"),
    ("auditor", "record", "Record"),
    ("admin", "admin", "Administration"),
    ("admin", "policies", "Policies"),
]


@pytest.fixture(scope="module", params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, product: Product):
    """Pages of one theme, one per person, signed in when first asked for."""
    people: dict[str, Page] = {}
    opened = []

    def person(name: str) -> Page:
        if name not in people:
            context = open_page(browser, product.url, request.param)
            people[name] = context.__enter__()
            opened.append(context)
            journey.sign_in(people[name], name, then="/experiments")
        return people[name]

    yield request.param, person
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def sample(browser: Browser, product: Product) -> str:
    """The id of the demo experiment on telco churn."""
    with open_page(browser, product.url) as page:
        journey.sign_in(page, "analyst", then="/experiments?q=Telco")
        page.get_by_role("link", name="Telco churn").first.click()
        page.wait_for_url("**experiment=**")
        return page.url.split("experiment=")[1][:32]


@pytest.mark.parametrize(("person", "key", "heading"), PAGES, ids=[key for _, key, _ in PAGES])
def test_page_opens_without_a_failure(themed, sample, take_picture, person, key, heading) -> None:
    theme, page_of = themed
    page = page_of(person)
    query = f"?experiment={sample}" if person == "analyst" else ""
    alone = heading in {"Experiments", "Inbox", "Jobs", "Account"}
    page.goto(f"/{key}{'' if alone else query}")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    take_picture(page, key if theme == "light" else f"{key}-dark")
    expect(page.locator(FAILURES)).to_have_count(0)
