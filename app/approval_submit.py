"""Before a submission: what the policy asks of the model, what is missing, how to submit."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from app import approval_words as words
from app.markdown import plain
from app.results_view import chosen
from app.rows import wrapped
from app.services import services
from app.ui import confirm, download_table, go, header, page_link, state_badge
from engines import projects
from engines.core.access import Actor, Capability
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance import approvals, documents, policies
from engines.governance.approvals import Readiness, Standing, State
from engines.wired_facts import AUDIT, VULNERABILITIES


def prepare(actor: Actor, model: ModelRef) -> None:
    """Everything a maker has to know before pressing submit."""
    svc = services()
    standings = approvals.standings(svc.board, actor, model)
    experiment = projects.get(svc.db, actor, svc.board.sources.of(model).experiment_id)
    header("Submit for approval", experiment, "approvals")
    stage = _stage(standings)
    with st.spinner("Reading the model's files"):
        ready = approvals.readiness(svc.board, actor, model, stage)
    st.markdown(f"**{plain(ready.material.title)}**, {words.ASKED[stage]}")
    _verdict(actor, ready)
    _act(actor, ready)
    _asked(ready)
    _tier(ready)
    checks_table([_check(result) for result in ready.checks], ready.facts)


def _stage(standings: list[Standing]) -> Stage:
    """The stage in the address; without one, the first that the model has not reached."""
    following = next((each.stage for each in standings if not each.holds), Stage.PROD)
    if st.query_params.get("stage") not in set(Stage):
        st.query_params["stage"] = following.value
    held = {each.stage for each in standings if each.holds}
    titles = {
        stage.value: f"{words.STAGES[stage]} (approved)" if stage in held else words.STAGES[stage]
        for stage in Stage
    }
    return Stage(chosen("Stage", "stage", list(titles), titles))


def _verdict(actor: Actor, ready: Readiness) -> None:
    """Ready or not, with every reason; what is to be written, by document with the way to it."""
    if ready.blocked:
        reasons = _reasons(ready)
        things = "One thing stands" if len(reasons) == 1 else f"{len(reasons)} things stand"
        listed = "\n".join(f"- {plain(reason)}" for reason in reasons)
        st.error(f"**{things} in the way:**\n\n{listed}", icon=":material/block:")
        _to_write(ready)
    else:
        st.success("**Ready to submit.** Nothing stands in the way.", icon=":material/task_alt:")
    st.info(
        "Four eyes: whoever made, trained, documented or submits this model is a maker of it and "
        "has no vote on it, whatever roles they hold.",
        icon=":material/group:",
    )


def _reasons(ready: Readiness) -> list[str]:
    """One sentence for each thing in the way; sections of one document in one sentence."""
    found: list[str] = []
    for kind, gaps in _gaps(ready).items():
        if len(gaps) > 1:
            title = services().templates.kinds[kind].title
            names = ", ".join(gap.title for gap in gaps)
            found.append(f"{title}: {len(gaps)} sections are not written: {names}.")
        else:
            found.append(gaps[0].reason)
    written = {gap.reason for gap in ready.gaps}
    return [*(reason for reason in ready.blocked if reason not in written), *found]


def _to_write(ready: Readiness) -> None:
    """The way to the first missing section of each document."""
    model, templates = ready.material.model, services().templates
    with st.container(horizontal=True):
        for kind, gaps in _gaps(ready).items():
            told = templates.kinds[kind]
            who = " (a validator does)" if told.writer == "validator" else ""
            page_link(f"Write: {told.title}{who}", "documents", icon=":material/edit_note:",
                      experiment=ready.material.experiment_id, run=model.run_id,
                      task=model.task, kind=kind, section=gaps[0].section)  # fmt: skip


def _gaps(ready: Readiness) -> dict[str, list[documents.Gap]]:
    """What is not written, by document."""
    found: dict[str, list[documents.Gap]] = {}
    for gap in ready.gaps:
        found.setdefault(gap.kind, []).append(gap)
    return found


def _act(actor: Actor, ready: Readiness) -> None:
    """Submit, keep a draft, or mend what is missing."""
    model, stage = ready.material.model, ready.stage
    open_one = _open_one(actor, model, stage)
    with st.container(horizontal=True, vertical_alignment="center"):
        if open_one and open_one.state == State.SUBMITTED:
            state_badge("submitted")
            page_link("It is submitted: open it", "approval", submission=open_one.id)
        elif actor.may(Capability.MODEL_SUBMIT):
            _buttons(actor, ready, drafted=open_one is not None)
        run, task = model.run_id, model.task
        whole = ready.material.experiment_id
        for label, page, icon in (
            ("Its documents", "documents", ":material/article:"),
            ("Its results", "results", ":material/leaderboard:"),
        ):
            page_link(label, page, icon=icon, experiment=whole, run=run, task=task)


def _open_one(actor: Actor, model: ModelRef, stage: Stage) -> approvals.Submission | None:
    every = approvals.of_model(services().board, actor, model)
    going = [row for row in every if row.state in (State.DRAFT, State.SUBMITTED)]
    return next((row for row in going if row.stage == stage), None)


def _buttons(actor: Actor, ready: Readiness, drafted: bool) -> None:
    model, stage = ready.material.model, ready.stage
    board = services().board
    if st.button("Submit", type="primary", icon=":material/send:", disabled=bool(ready.blocked)):

        def act(reason: str) -> None:
            draft = approvals.begin(board, actor, model, stage)
            done = approvals.submit(board, actor, draft.id, reason)
            st.toast("Submitted; the reviewers are told", icon=":material/send:")
            go("approval", submission=done.id)

        text = (
            f"The content is frozen and {_who(ready)} are asked. Changing anything of it later "
            "makes the submission void."
        )
        confirm("Submit for approval", text, act, button="Submit now")
    if drafted:
        state_badge("draft")
    elif st.button("Keep as draft", icon=":material/edit_note:"):
        approvals.begin(board, actor, model, stage)
        st.toast("Kept; it stays under “Yours to go on with”", icon=":material/edit_note:")
        st.rerun()


def _who(ready: Readiness) -> str:
    found = ready.requirements.approvals
    return " and ".join(words.people(each.count, each.role) for each in found) or "nobody"


def _asked(ready: Readiness) -> None:
    """The votes and the time that the policy names."""
    st.subheader("What the policy asks", anchor=False)
    asked, policy = ready.requirements, ready.policy
    levels = [
        f"level {level}: " + " and ".join(words.people(each.count, each.role) for each in group)
        for level, group in sorted(asked.levels.items())
    ]
    st.markdown(
        f"**Votes** — {'; '.join(levels)}. Higher levels wait for lower ones.\n\n"
        f"**Time** — an answer within {asked.answer_within_days} days; an approval holds "
        f"{asked.expires_days} days.\n\n"
        f"**Policy** — {plain(policy.policy.title)}, version {policy.version}."
    )
    for reason in asked.reasons:
        st.caption(f"Because: {plain(reason)}")


def _tier(ready: Readiness) -> None:
    st.subheader(f"Tier: {plain(ready.tier.title)}", anchor=False)
    for sentence in ready.tier.sentences:
        st.markdown(f"- {plain(sentence)}")
    st.caption(
        "It comes from the questionnaire on the Experiment page. Checkers and validators can "
        "raise it on a submission, with a reason; nobody can lower it."
    )


def _check(result: policies.CheckResult) -> dict[str, object]:
    """A check as a submission stores it."""
    check = result.check.model_dump(mode="json", exclude_none=True)
    sentence = {"value": result.value, "passed": result.passed, "sentence": result.sentence}
    return {**check, **sentence, "applies": result.applies}


def checks_table(checks: list[dict[str, object]], facts: Mapping[str, object]) -> None:
    """Each check's value against its bound, the failed ones first; where a figure comes from."""
    st.subheader("Checks", anchor=False)
    if not checks:
        st.info("The policy asks for no check here.", icon=":material/info:")
        return
    ordered = sorted(checks, key=lambda check: bool(check["passed"]))
    rows = [
        {
            "Outcome": _mark(check),
            "Check": str(check["label"]),
            "Value": _value(check),
            "Asked": policies.bound_words(policies.Check.model_validate(_rule(check))),
        }
        for check in ordered
    ]
    wrapped(rows, "checks")
    download_table("Checks as CSV", pd.DataFrame(rows), "checks.csv")
    asked = any(check["fact"] == VULNERABILITIES for check in checks)
    if asked and (told := facts.get(AUDIT)):
        st.caption(f"Known vulnerabilities: {plain(str(told))}")


def _value(check: Mapping[str, object]) -> str:
    """What was measured; why there is nothing where nothing was."""
    value = check["value"]
    if value is None:
        return f"not measured: {policies.fact_words(str(check['fact']))}"
    if not check.get("applies", True):
        return str(check["sentence"]).partition("not applicable, ")[2].rstrip(".")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.4g}" if abs(value) < 10_000 and value != int(value) else f"{value:,.0f}"
    return str(value)


def _mark(check: dict[str, object]) -> str:
    if not check.get("applies", True):
        return "– not applicable"
    if check["passed"]:
        return "✓ passed"
    return "✗ blocks" if check["severity"] == policies.Severity.BLOCK else "! warns"


def _rule(check: dict[str, object]) -> dict[str, object]:
    return {name: check[name] for name in policies.Check.model_fields if name in check}
