"""Parts of the Policies page: what a policy asks of whom, in words; its guidance; its versions."""

import difflib

import pandas as pd
import streamlit as st

from app.filters import one_of
from app.markdown import plain
from app.policy_words import (
    approvals_words,
    document_words,
    fact_words,
    time_words,
    vocabulary,
)
from app.rows import wrapped
from app.services import services
from app.ui import confirm
from engines.core.access import Actor, Capability
from engines.core.gate import Stage
from engines.governance import policies
from engines.governance.policies import (
    Check,
    DocumentRule,
    Policy,
    PolicyVersion,
    Severity,
    StageRule,
)

STAGES = {
    Stage.TRAINING: "Training",
    Stage.PUBLISHED: "Publishing",
    Stage.UAT: "UAT",
    Stage.PROD: "Production",
}


def choose_policy(listed: dict[str, PolicyVersion], in_force: str) -> str:
    """The policy of the address or of the choice made here; the one in force comes first."""
    names = sorted(listed, key=lambda name: (name != in_force, name))
    wanted = st.query_params.get("policy", names[0])
    if wanted not in listed:
        st.error(f"**There is no policy “{plain(wanted)}”.** Choose one from the list.")
        wanted = names[0]
    titles = {name: listed[name].policy.title for name in names}
    chosen = st.selectbox(
        "Policy",
        names,
        names.index(wanted),
        format_func=lambda name: titles[name] + (" · in force" if name == in_force else ""),
        key=f"choose:{wanted}",  # the address decides, also after a policy was published
        width=340,
    )
    if chosen != st.query_params.get("policy", chosen if chosen == names[0] else ""):
        st.query_params.pop("version", None)
        st.query_params["policy"] = chosen
    return chosen


def choose_version(name: str, numbers: list[int]) -> int:
    """The version of the address or of the choice made here; else the newest."""
    asked = st.query_params.get("version", "")
    wanted = int(asked) if asked.isdecimal() and int(asked) in numbers else numbers[0]
    key = f"version:{name}:{numbers[0]}"
    chosen = st.selectbox("Version", numbers, numbers.index(wanted), key=key, width=120)
    if chosen != numbers[0]:
        st.query_params["version"] = str(chosen)
    else:
        st.query_params.pop("version", None)
    return chosen


def verdict(
    shown: PolicyVersion, policy: Policy, newest: int, in_force: str, followed: str
) -> None:
    """Whether this version decides about submissions, or the one `followed`; where it is from."""
    title = plain(policy.title)
    if shown.version != newest:
        text = f"**Version {shown.version} of {title} is past:** version {newest} took its place."
        st.info(text, icon=":material/history:")
    elif shown.name == in_force:
        text = f"**{title} is in force:** it decides about every submission from now on."
        st.success(text, icon=":material/gavel:")
    else:
        text = f"**{title} is not in force:** submissions follow “{plain(followed)}”."
        st.info(text, icon=":material/drafts:")
    st.markdown(plain(policy.about))
    used = f"first used {shown.used_at:%Y-%m-%d}" if shown.used_at else "not used yet"
    st.caption(
        f"Version {shown.version}, published {shown.created_at:%Y-%m-%d %H:%M} UTC by "
        f"{plain(shown.author_name)} ({plain(shown.reason)}), {used}. SHA-256 `{shown.sha256}`"
    )


def tiers(policy: Policy) -> None:
    """The tiers of risk, and how answers lead to them."""
    names = " × ".join(
        " or ".join(name.replace("_", " ") for name in side)
        for side in (policy.materiality.exposure, policy.materiality.purpose)
    )
    st.markdown(
        f"**Materiality = exposure × purpose** ({plain(names)}): the highest score of each side. "
        "A question without an answer counts as the highest. People can raise a tier, never "
        "lower it."
    )
    starts = [*(rule.starts_at for rule in policy.tiers[1:]), None]
    rows = [
        {
            "Tier": rule.title,
            "Materiality": f"from {rule.starts_at}" + (f" to {below - 1}" if below else ""),
            "Meaning": rule.meaning,
        }
        for rule, below in zip(policy.tiers, starts, strict=True)
    ]
    wrapped(rows, "tiers")
    for each in policy.materiality.at_least:
        title = next(rule.title for rule in policy.tiers if rule.key == each.tier)
        st.markdown(
            f"At least **{plain(title)}** when {plain(policies.when_words(each.when))}: "
            f"{plain(each.because)}."
        )
    with st.expander("Scores of the answers"):
        st.dataframe(_scores(policy), hide_index=True, width="stretch")


def _scores(policy: Policy) -> pd.DataFrame:
    sides = (("Exposure", policy.materiality.exposure), ("Purpose", policy.materiality.purpose))
    rows = [
        {"Side": side, "Question": name.replace("_", " "), "Answer": answer, "Score": score}
        for side, questions in sides
        for name, scores in questions.items()
        for answer, score in scores.items()
    ]
    return pd.DataFrame(rows)


def stages(policy: Policy) -> None:
    """What each stage asks of a tier, chosen by the reader."""
    titles = {rule.key: rule.title for rule in policy.tiers}
    chosen = one_of(st.segmented_control, "Tier", "tier", titles)
    if not chosen:
        st.caption("Choose a tier to see documents and checks; below, who approves.")
        st.dataframe(_who(policy), hide_index=True, width="stretch")
        return
    for stage, rule in policy.stages.items():
        _stage(policy, stage, rule, chosen)


def _who(policy: Policy) -> pd.DataFrame:
    rows = []
    for rule in policy.tiers:
        asked = {STAGES[s]: approvals_words(_needed(policy, s, rule.key).approvals) for s in Stage}
        rows.append({"Tier": rule.title, **asked})
    return pd.DataFrame(rows)


def _needed(policy: Policy, stage: Stage, tier: str) -> policies.Requirements:
    """What the stage asks of every model of the tier, routes left out."""
    bare = policy.model_copy(
        update={"stages": {stage: policy.stages[stage].model_copy(update={"route": ()})}}
    )
    return policies.required(bare, stage, policies.tier_of(policy, tier), {})


def _stage(policy: Policy, stage: Stage, rule: StageRule, tier: str) -> None:
    needed = _needed(policy, stage, tier)
    with st.container(border=True):
        st.subheader(STAGES[stage], anchor=False)
        st.markdown(f"**Approved by** {approvals_words(needed.approvals)}; {time_words(needed)}.")
        for name, sections in needed.document_map.items():
            st.markdown(f"- {plain(document_words(services().templates, name, sections))}")
        if needed.checks:
            st.dataframe(_checks(needed.checks), hide_index=True, width="stretch")
        if rule.route:
            with st.expander(f"More, by the model's characteristics ({len(rule.route)})"):
                st.dataframe(_routes(policy, rule, tier), hide_index=True, width="stretch")


def _checks(checks: tuple[Check, ...]) -> pd.DataFrame:
    rows = [
        {
            "Check": check.label,
            "Measured": fact_words(check.fact),
            "Asked": policies.bound_words(check),
            "Fails": "blocks" if check.severity is Severity.BLOCK else "warns",
        }
        for check in checks
    ]
    return pd.DataFrame(rows)


def _routes(policy: Policy, rule: StageRule, tier: str) -> pd.DataFrame:
    place = policy.place(tier)
    rows = []
    for route in rule.route:
        voted = [a for a in route.add_approvals if policy.place(a.from_tier) <= place]
        every: list[DocumentRule | Check] = [*route.add_documents, *route.add_checks]
        added = [each for each in every if policy.place(each.from_tier) <= place]
        words = [f"approval by {approvals_words(voted)}"] if voted else []
        words += [_added(each) for each in added]
        rows.append(
            {
                "When": policies.when_words(route.when),
                "Because": route.because,
                "Adds": "; ".join(words) or "nothing for this tier",
            }
        )
    return pd.DataFrame(rows)


def _added(each: DocumentRule | Check) -> str:
    if isinstance(each, Check):
        return f"{each.label} ({policies.bound_words(each)})"
    return document_words(services().templates, each.kind, each.sections)


def versions(actor: Actor, rows: list[PolicyVersion]) -> None:
    """Every version, what changed between two of them, and the way back to an earlier one."""
    frame = pd.DataFrame([_version(row) for row in rows])
    times = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")
    columns = dict.fromkeys(("Published (UTC)", "First used (UTC)"), times)
    st.dataframe(frame, hide_index=True, width="stretch", column_config=columns)
    numbers = [row.version for row in rows]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        old = st.selectbox(
            "Compare", numbers, min(1, len(numbers) - 1), key=f"compare:{numbers[0]}", width=120
        )
        new = st.selectbox("with", numbers, 0, key=f"with:{numbers[0]}", width=120)
    found = {row.version: row for row in rows}
    st.code(difference(found[old].text, found[new].text) or "They are the same.", language="diff")
    earlier = actor.may(Capability.POLICY_MANAGE) and found[old].sha256 != rows[0].sha256
    if earlier and st.button(f"Publish version {old} again", icon=":material/undo:"):
        _publish_again(actor, found[old], rows[0].version)


def _publish_again(actor: Actor, earlier: PolicyVersion, newest: int) -> None:
    def act(reason: str) -> None:
        publish(actor, earlier.text, reason, newest)

    confirm(
        f"Publish version {earlier.version} again?",
        f"Its text becomes version {newest + 1}. Submissions already made keep their version.",
        act,
        "Publish",
    )


def publish(actor: Actor, text: str, reason: str, based_on: int) -> None:
    """Publish the text, and let the page show it."""
    svc = services()
    made = policies.publish(svc.db, actor, text, reason, vocabulary(svc.templates), based_on)
    st.query_params["policy"] = made.name
    st.query_params.pop("version", None)


def _version(row: PolicyVersion) -> dict[str, object]:
    return {
        "Version": row.version,
        "Published (UTC)": row.created_at.replace(tzinfo=None),
        "By": row.author_name,
        "Why": row.reason,
        "First used (UTC)": row.used_at.replace(tzinfo=None) if row.used_at else None,
        "SHA-256": row.sha256,
    }


def difference(old: str, new: str) -> str:
    """The two texts as a unified difference; empty when they are the same."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="")
    return "\n".join(lines)
