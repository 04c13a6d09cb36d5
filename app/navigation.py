"""The pages there are, who may open them, and how to get from one to another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

from engines.core.access import Actor, Capability

UNLISTED = {"experiment", "approval"}  # opened from a list
PAGES_DIR = Path(__file__).parent.parent / "pages"
MOST_COUNTED = 100  # unread notices


@dataclass(frozen=True)
class PageSpec:
    """One page of the product: file stem, words for the menu, and the capability it needs."""

    key: str
    title: str
    icon: str
    section: str
    capability: Capability
    help: str

    @property
    def path(self) -> Path:
        """The page's script."""
        return PAGES_DIR / f"{self.key}.py"


PAGES = (
    PageSpec("experiments", "Experiments", ":material/science:", "Workflow",
             Capability.EXPERIMENT_READ, "All experiments: search, filter, create."),
    PageSpec("experiment", "Experiment", ":material/description:", "Workflow",
             Capability.EXPERIMENT_READ, "One experiment: objective, data dictionary, history."),
    PageSpec("data", "Data", ":material/table:", "Workflow",
             Capability.DATA_READ, "Upload a file or take a sample, correct types, preview."),
    PageSpec("eda", "Explore", ":material/query_stats:", "Workflow",
             Capability.EDA_READ, "Quality, statistics and plots of the data."),
    PageSpec("training", "Train", ":material/model_training:", "Workflow",
             Capability.RESULTS_READ, "Suggestions, training with live progress."),
    PageSpec("results", "Results", ":material/leaderboard:", "Workflow",
             Capability.RESULTS_READ, "Leaderboard, plots, comparison, predictions, downloads."),
    PageSpec("documents", "Documents", ":material/article:", "Workflow",
             Capability.RESULTS_READ, "A model's documents: draft, write, print."),
    PageSpec("approvals", "Approvals", ":material/approval:", "Governance",
             Capability.APPROVAL_READ, "What waits for whom, and every submission."),
    PageSpec("approval", "Approval", ":material/approval:", "Governance",
             Capability.APPROVAL_READ, "One submission with its evidence; submit, vote, revoke."),
    PageSpec("artifacts", "Artifacts", ":material/inventory_2:", "Governance",
             Capability.ARTIFACT_READ, "Releases: publish, promote, verify, download."),
    PageSpec("policies", "Policies", ":material/gavel:", "Governance",
             Capability.POLICY_READ, "What is asked of which model, by whom; edit and publish."),
    PageSpec("inbox", "Inbox", ":material/inbox:", "Operations",
             Capability.INBOX_OWN, "What you are told, read and unread."),
    PageSpec("jobs", "Jobs", ":material/pending_actions:", "Operations",
             Capability.JOB_READ, "Running and past jobs, their logs, cancel."),
    PageSpec("inventory", "Inventory", ":material/list_alt:", "Governance",
             Capability.INVENTORY_READ, "All models: tier, owner, status, reviews, risk."),
    PageSpec("findings", "Findings", ":material/flag:", "Governance",
             Capability.INVENTORY_READ, "What is wrong with models, whose it is, until when."),
    PageSpec("governance", "Dashboard", ":material/monitoring:", "Governance",
             Capability.APPROVAL_READ, "What waits, how long it takes, what is overdue; reports."),
    PageSpec("audit", "Audit", ":material/policy:", "Operations",
             Capability.AUDIT_READ, "Who did what, when; verify the chain."),
    PageSpec("record", "Record", ":material/quick_reference_all:", "Operations",
             Capability.APPROVAL_READ, "Who let a model decide: by request or moment."),
    PageSpec("admin", "Administration", ":material/manage_accounts:", "Settings",
             Capability.USERS_MANAGE, "Users, roles and sessions."),
    PageSpec("account", "Account", ":material/person:", "Settings",
             Capability.ACCOUNT_OWN, "Your password, second factor and sessions."),
)  # fmt: skip


def menu(actor: Actor, unread: int = 0) -> dict[str, list[Any]]:
    """The menu for this person; pages they may not open stay routable but are not listed.

    `unread` notices are counted beside the inbox.
    """
    sections: dict[str, list[Any]] = {}
    for spec in PAGES:
        listed = actor.may(spec.capability) and spec.key not in UNLISTED
        page = st.Page(
            spec.path,
            title=title(spec, unread),
            icon=spec.icon,
            url_path=spec.key,
            default=spec.key == "experiments",
            visibility="visible" if listed else "hidden",
            help=spec.help,
        )
        sections.setdefault(spec.section, []).append(page)
    return sections


def places() -> list[Any]:
    """Every page's address with nothing behind it, so that a stranger keeps theirs."""
    return [
        st.Page(_nothing, title=spec.title, url_path=spec.key, default=spec.key == "experiments")
        for spec in PAGES
    ]


def _nothing() -> None:
    """What a stranger gets to see of a page."""


def title(spec: PageSpec, unread: int = 0) -> str:
    """The page's name in the menu; the inbox shows how much in it is unread."""
    if spec.key != "inbox" or not unread:
        return spec.title
    return f"{spec.title} ({unread if unread < MOST_COUNTED else f'{MOST_COUNTED - 1}+'})"


def page_link(
    label: str,
    key: str,
    *,
    icon: str | None = None,
    hint: str | None = None,
    disabled: bool = False,
    **query: str,
) -> None:
    """A link to the page of that key; the non-empty parts of `query` go into its address."""
    path = PAGES_DIR / f"{key}.py"
    kept = {name: value for name, value in query.items() if value}
    st.page_link(
        path, label=label, icon=icon, help=hint, disabled=disabled, query_params=kept or None
    )


def go(key: str, **query: str) -> NoReturn:
    """Leave for the page of that key, with `query` in its address."""
    st.switch_page(PAGES_DIR / f"{key}.py", query_params=query or None)
