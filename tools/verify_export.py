"""Check an evidence file of MLAAS without MLAAS: chain, contents, votes, signatures, uses.

    python verify_export.py evidence.jsonl --key KEY [--head HASH]

Needs Python 3.11 and the package `cryptography`, nothing else. KEY is the public key (Base64) that
you were given by another way than the file; without it the file is only shown to agree with the
keys it names itself. HASH is a hash of the trail you noted earlier: it must still be there.
Exit code 0: everything holds; 1: the first line that does not is named; 2: the file is unreadable.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "mlaas-evidence/2"
FIRST = "0" * 64
KINDS = (
    "header",
    "event",
    "policy",
    "delegation",
    "submission",
    "decision",
    "end",
)  # in this order
IN_EVENT_HASH = (
    "at", "actor_id", "actor_name", "act", "subject", "detail", "correlation_id", "previous_hash",
)  # fmt: skip
# What became of a submission, by the act that tells it.
BECAME = {"submission.begun": "draft", "approval.given": "approved"} | {
    f"{what}.{state}": state
    for what in ("submission", "approval")
    for state in ("submitted", "returned", "rejected", "withdrawn", "expired", "revoked", "void")
}
GATE_ACTS = {"model.use_allowed": True, "model.use_refused": False}
SIGNED_STATES = {"approved", "expired", "revoked", "void"}
SIGNED_FIELDS = {
    "submission": "id", "model": "model", "experiment": "experiment", "stage": "stage",
    "tier": "tier", "tier_position": "tier_position", "content_hash": "content_hash",
    "decided_at": "decided_at", "expires_at": "expires_at",
}  # fmt: skip
SIGNED_VOTE = {
    "person": "person_id", "name": "person_name", "for": "principal_id",
    "for_name": "principal_name", "role": "role", "level": "level",
    "content_hash": "content_hash", "carried_from": "carried_from", "at": "at",
}  # fmt: skip
GROUNDS = "its requirements, facts, checks, answers or comments"
Line = dict[str, Any]


class Broken(Exception):
    """Something does not hold; the text says what."""


def hold(condition: object, what: str) -> None:
    """Raise Broken with `what` unless the condition is true."""
    if not condition:
        raise Broken(what)


class Verifier:
    """Takes the lines one after the other and raises Broken at the first that does not hold."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self.trusted = set(trusted)
        self.keys: set[str] = set()
        self.head = FIRST
        self.number = 0
        self.hashes: set[str] = set()
        self.count = Counter[str]()
        self.place = 0
        self.voted: dict[str, list[Line]] = {}
        self.policies: dict[tuple[str, int], str] = {}
        self.handed = Counter[tuple[Any, ...]]()
        self.escalated: dict[str, tuple[Any, ...]] = {}
        self.delegations: list[Line] = []
        self.approvals: dict[str, Line] = {}
        self.ruled: dict[str, Line] = {}
        self.became: dict[str, Line] = {}
        self.given: set[str] = set()
        self.so_far = hashlib.sha256()
        self.ended = False

    def take(self, raw: bytes) -> None:
        """Check one line, its end included."""
        hold(not self.ended, "it stands after the end line: something was added")
        line = parsed(raw)
        kind = line.get("kind")
        hold(kind in KINDS, f"its kind “{kind}” is not known")
        place = KINDS.index(str(kind))
        hold(place >= self.place, f"a line of kind “{kind}” cannot stand here")
        hold(self.keys or kind == "header", "the header is missing")
        self.place = place
        getattr(self, f"take_{kind}")(line)
        self.count[str(kind)] += 1
        self.so_far.update(raw)

    def take_header(self, line: Line) -> None:
        """The format and the keys the file says it was signed with."""
        hold(not self.keys, "there is a second header")
        hold(line.get("format") == FORMAT, f"its format is not {FORMAT}")
        self.keys = set(line.get("public_keys") or ())
        hold(self.keys, "it names no public key")
        foreign = self.keys - self.trusted if self.trusted else set()
        hold(not foreign, f"it names a foreign key: {', '.join(sorted(foreign))}")

    def take_event(self, line: Line) -> None:
        """An audit event: bound to the one before, and as it was written."""
        name = f"event {line.get('number')}"
        follows = line["previous_hash"] == self.head
        hold(follows, f"{name} does not follow the one before: one was removed, added or moved")
        own = {key: line[key] for key in IN_EVENT_HASH}
        text = json.dumps(own, sort_keys=True, ensure_ascii=False)
        hold(sha256(text) == line["hash"], f"{name} was changed: its hash does not fit its content")
        hold(line["number"] > self.number, f"{name} has a number that came before")
        self.head, self.number = line["hash"], line["number"]
        self.hashes.add(self.head)
        of, told = line["subject"].removeprefix("submission:"), line["detail"]
        if line["act"] in BECAME:
            self.became[of] = line
        if line["act"] == "submission.voted":
            self.voted.setdefault(of, []).append(line)
            late = self.escalated.get(of) == (told["role"], told["level"])
            hold(late or not told.get("in_place_of"), f"{name}: nothing was escalated to that role")
        elif line["act"] == "submission.escalated":
            self.escalated[of] = (told.get("to"), told.get("level"))
        elif line["act"] in GATE_ACTS:
            hold(line["detail"]["decision"] not in self.ruled, f"{name} tells a decision again")
            self.ruled[line["detail"]["decision"]] = line
        elif line["act"] in ("delegation.given", "delegation.ended"):
            self.handed[handed_key(line["act"], line["subject"], line["detail"])] += 1

    def take_policy(self, line: Line) -> None:
        """A policy version, and the hash submissions name it by."""
        name = f"policy {line['name']} {line['version']}"
        hold(sha256(line["text"]) == line["sha256"], f"{name} was changed")
        self.policies[line["name"], line["version"]] = line["sha256"]

    def take_delegation(self, line: Line) -> None:
        """A vote handed over, and taken back, as the audit trail tells it."""
        name = f"delegation {line['id']}"
        told = {**line, "to": line["taker_name"], "begins": line["begins_at"]}
        told["ends"] = line["ends_at"]
        acts = ["delegation.given"] + ["delegation.ended"] * (line["ended_at"] is not None)
        for act in acts:
            giver = f"user:{line['giver_id']}"
            keys = [handed_key(act, giver, {**told, "delegation": by}) for by in (line["id"], "")]
            key = next((each for each in keys if self.handed[each]), None)
            hold(key, f"{name}: the trail does not tell that it was {act[11:]}")
            self.handed[key or ()] -= 1
        self.delegations.append(line)

    def take_decision(self, line: Line) -> None:
        """A permit or a refusal of the gate: as the trail tells it, on an approval that held."""
        name = f"decision {line['id']}"
        event = self.ruled.pop(line["id"], None)
        if event is None:
            raise Broken(f"{name} is not in the trail, or stands here twice")
        told = event["detail"]
        for own, said in (
            (f"model:{line['model']}", event["subject"]),
            (line["allowed"], GATE_ACTS[event["act"]]),
            (line["actor_id"], event["actor_id"]),
            (line["actor_name"], event["actor_name"]),
            (line["request_id"], event["correlation_id"]),
            (line["purpose"], told["purpose"]),
            (line["reason"], told["reason"]),
            (line["submission_id"] or "", told["submission"]),
        ):
            hold(own == said, f"{name} is not what the trail tells: {own} is not {said}")
        if line["submission_id"]:
            self.check_ground(name, line)
        as_of = told.get("as_of", line["as_of"])
        hold(line["as_of"] == as_of, f"{name} is not what the trail tells: it was as of {as_of}")

    def check_ground(self, name: str, line: Line) -> None:
        """The approval a decision looked at; a permit needs one of its model that held then."""
        seen = self.approvals.get(line["submission_id"])
        if seen is None:
            raise Broken(f"{name}: its approval is not in this file")
        of = {key: seen[key] for key in ("model", "content_hash", "stage")}
        hold(of == {key: line[key] for key in of}, f"{name}: its approval is of something else")
        if line["allowed"]:
            at, until = line["as_of"], [seen[key] for key in ("expires_at", "ended_at", "over")]
            given = seen["signature"] and moment(seen["decided_at"]) <= moment(at)
            hold(given, f"{name}: its approval was not given yet")
            over = any(end and moment(end) <= moment(at) for end in until)
            hold(not over, f"{name}: its approval held no more")

    def take_submission(self, line: Line) -> None:
        """A submission: content, votes as cast, and the signature of its approval."""
        name = f"submission {line['id']}"
        if line["items"]:
            content = sha256(canonical(sorted(line["items"], key=item_order)))
            hold(content == line["content_hash"], f"{name}: its content is not what its hash says")
        if line["policy_sha256"]:
            policy = self.policies.get((line["policy_name"], line["policy_version"]))
            hold(policy == line["policy_sha256"], f"{name}: its policy is not in this file")
        event = self.became.pop(line["id"], None)
        if event is None:
            raise Broken(f"{name} is not in the trail, or stands here twice")
        own = {"stage": line["stage"], "model": line["model"], "content": line["content_hash"]}
        own |= {"reason": line["reason"]}
        told = {key: event["detail"].get(key, value) for key, value in own.items()}
        as_told = line["state"] == BECAME[event["act"]] and told == own
        hold(as_told, f"{name}: the trail tells of another state, stage, model, content or reason")
        ended = line["ended_at"] is not None
        over = event["act"].startswith("approval.") and line["state"] != "approved"
        hold(ended == over, f"{name}: its end is not as the trail tells")
        line["over"] = event["at"] if over else None
        self.check_votes(name, line)
        self.approvals[line["id"]] = line
        if line["state"] in SIGNED_STATES or line["signature"] or line["signed"]:
            self.check_approval(name, line)

    def check_votes(self, name: str, line: Line) -> None:
        """Each person and voice once, no maker among them, each vote in the audit trail."""
        votes = line["votes"]
        for field in ("person_id", "principal_id"):
            people = [vote[field] for vote in votes]
            hold(len(people) == len(set(people)), f"{name}: somebody's vote counts twice")
        cast = [vote for vote in votes if vote["carried_from"] is None]
        events = self.voted.get(line["id"], [])
        hold(len(cast) == len(events), f"{name}: {len(cast)} votes, {len(events)} in the trail")
        told = Counter(
            vote_key(e, e["detail"].get("speaks_for", e["actor_id"]), e["detail"], "content")
            for e in events
        )
        said = Counter(vote_key(as_event(v), v["principal_id"], v, "content_hash") for v in cast)
        hold(told == said, f"{name}: its votes are not those that the trail tells of")
        for vote in votes:
            plain = canonical({**vote, "carried_from": None})
            known = vote["carried_from"] is None or plain in self.given
            hold(known, f"{name}: the vote of {vote['person_name']} is in none before it")
            self.given.add(plain)
        for vote in cast:
            lent = vote["person_id"] == vote["principal_id"] or self.was_lent(vote)
            hold(lent, f"{name}: nobody had delegated the vote of {vote['principal_name']}")

    def was_lent(self, vote: Line) -> bool:
        """True when the vote's owner had delegated that role to the voter at that moment."""
        who, at = (vote["principal_id"], vote["person_id"], vote["role"]), moment(vote["at"])
        return any(
            (each["giver_id"], each["taker_id"], each["role"]) == who
            and moment(each["begins_at"]) <= at < moment(each["ends_at"])
            and (each["ended_at"] is None or at <= moment(each["ended_at"]))
            for each in self.delegations
        )

    def check_approval(self, name: str, line: Line) -> None:
        """The signature, that it covers this very row and these votes, and that they are enough."""
        hold(line["public_key"] in self.keys, f"{name}: it is signed with a foreign key")
        good = signature_fits(line["signed"], line["signature"], line["public_key"])
        hold(good, f"{name}: its signature is wrong")
        signed = json.loads(line["signed"])
        for field, own in SIGNED_FIELDS.items():
            hold(signed[field] == line[own], f"{name}: its {own} is not what was signed")
        policy = {key: line[f"policy_{key}"] for key in ("name", "version", "sha256")}
        hold(signed["policy"] == policy, f"{name}: its policy is not what was signed")
        makers = set(signed["makers"])
        hold(makers == {*line["makers"], line["submitter_id"]}, f"{name}: its makers were changed")
        yes = [vote for vote in line["votes"] if counts(vote, line, makers)]
        listed = sorted((as_signed(vote) for vote in yes), key=canonical)
        agree = listed == sorted(signed["votes"], key=canonical)
        hold(agree, f"{name}: its votes are not those that were signed")
        if "grounds" in signed:  # versions before did not sign these
            ground = {key: line[key] for key in ("requirements", "facts", "checks", "answers")}
            ground["comments"] = {vote["person_id"]: vote["comment"] for vote in yes}
            hold(sha256(canonical(ground)) == signed["grounds"], f"{name}: {GROUNDS} were changed")
            hold(signed["trail"] in self.hashes, f"{name}: it was signed on another audit trail")
        given = Counter((vote["level"], vote.get("in_place_of") or vote["role"]) for vote in yes)
        asked = Counter[tuple[int, str]]()
        for each in line["requirements"].get("approvals", []):
            asked[each["level"], each["role"]] += each["count"]
        for (level, role), number in asked.items():
            had = given[level, role]
            hold(had >= number, f"{name}: {had} of {number} votes by a {role} on level {level}")

    def take_end(self, line: Line) -> None:
        """The end: the file is whole, and signed."""
        hold(line["public_key"] in self.keys, "the end is signed with a foreign key")
        own = {key: line[key] for key in line if key not in ("signature", "public_key")}
        good = signature_fits(canonical(own), line["signature"], line["public_key"])
        hold(good, "the signature of the whole file is wrong")
        counted = {kind: self.count[kind] for kind in KINDS[1:-1]}
        hold(line["lines"] == counted, f"lines were added or removed: {counted} are there")
        hold(not self.ruled, f"decisions of the gate are missing: {', '.join(self.ruled)[:200]}")
        gone = ", ".join(self.became)[:200]
        hold(not gone, f"submissions that the trail tells of are missing: {gone}")
        missing = sum(self.handed.values())
        hold(not missing, f"{missing} delegations that the trail tells of are missing")
        hold(line["head"] == self.head, "the last events were cut off")
        whole = line["sha256"] == self.so_far.hexdigest()
        hold(whole, "a line before was changed, though it agrees with itself")
        self.ended = True


def parsed(raw: bytes) -> Line:
    """The line as an object. Raises Broken for anything else."""
    try:
        line = json.loads(raw, object_pairs_hook=without_doubles)
    except (ValueError, UnicodeDecodeError) as error:
        raise Broken(f"it is no JSON: {error}") from error
    hold(isinstance(line, dict), "it is no JSON object")
    found: Line = line
    return found


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that stands twice would show different readers different things."""
    found = dict(pairs)
    hold(len(found) == len(pairs), "a key stands twice in one object")
    return found


def canonical(value: Any) -> str:
    """JSON that is the same for the same value: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def sha256(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def item_order(item: Line) -> tuple[str, ...]:
    """Content is hashed in the order of kind, name, hash and detail."""
    return (item["kind"], item["name"], item["sha256"], item["detail"])


def vote_key(event: Line, voice: str, told: Line, content: str) -> tuple[Any, ...]:
    """What a vote and its audit event have in common."""
    stood_in = told.get("in_place_of") or ""
    own = (told["decision"], told["role"], stood_in, told["level"], told[content])
    return (event["actor_id"], event["actor_name"], voice, *own, told["comment"])


def as_event(vote: Line) -> Line:
    """The voter, as an event names who acted."""
    return {"actor_id": vote["person_id"], "actor_name": vote["person_name"]}


def as_signed(vote: Line) -> Line:
    """A vote as the signature covers it."""
    own = {key: vote[name] for key, name in SIGNED_VOTE.items()}
    stood_in = vote.get("in_place_of")
    return own | ({"in_place_of": stood_in} if stood_in else {})


def handed_key(act: str, subject: str, told: Line) -> tuple[Any, ...]:
    """What a delegation and its audit events have in common; older events tell no id."""
    own = (act, subject, told.get("delegation", ""), told["to"])
    if act == "delegation.ended":
        return own
    period = (moment(told["begins"]), moment(told["ends"]))
    return (*own, told["role"], *period, told["reason"].strip())


def moment(text: str) -> datetime:
    """A moment as it stands in the file."""
    return datetime.fromisoformat(text)


def counts(vote: Line, line: Line, makers: set[str]) -> bool:
    """True of a yes to exactly this content, by and for people who are no makers."""
    yes = vote["decision"] == "approve" and vote["content_hash"] == line["content_hash"]
    return yes and not makers & {vote["person_id"], vote["principal_id"]}


def signature_fits(text: str, signature: str, public_key: str) -> bool:
    """True when the Ed25519 signature over the text was made with the key's private half."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def lines_of(path: Path) -> Iterator[bytes]:
    """The file's lines, one at a time."""
    with path.open("rb") as file:
        yield from file


def verify(path: Path, trusted: Sequence[str] = (), head: str = "") -> tuple[str, Verifier]:
    """What is wrong, "" when nothing is; and what was counted. Raises OSError."""
    verifier, number = Verifier(trusted), 0
    try:
        for number, raw in enumerate(lines_of(path), 1):  # noqa: B007, named below
            verifier.take(raw)
        number += 1
        hold(verifier.ended, "the end line is missing: the file was cut off")
        hold(not head or head in verifier.hashes, f"the event with the hash {head[:12]}… is gone")
    except Broken as fault:
        return f"Line {number}: {fault}.", verifier
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        return f"Line {number}: it is not formed as it should be ({fault!r}).", verifier
    return "", verifier


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdict; the exit code says it too."""
    parser = argparse.ArgumentParser(description="Check an evidence file of MLAAS.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], help="a public key you trust, Base64")
    parser.add_argument("--head", default="", help="a hash noted earlier that must be there")
    given = parser.parse_args(arguments)
    try:
        fault, found = verify(given.file, given.key, given.head)
    except OSError as error:
        print(f"The file cannot be read: {error}")
        return 2
    if fault:
        print(f"BROKEN. {fault}")
        return 1
    shown = ("event", "delegation", "submission", "decision")
    told = ", ".join(f"{found.count[kind]} {kind}s" for kind in shown)
    print(f"Everything holds: {told}, {found.count['policy']} policy versions; head {found.head}.")
    keys = ", ".join(sorted(found.keys))
    if given.key:
        print(f"Signed with the key you trust: {keys}")
    else:
        print(f"Signed with the key the file names itself; compare it by another way: {keys}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
