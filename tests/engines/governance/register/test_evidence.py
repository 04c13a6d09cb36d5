"""The evidence file: checked by a script that knows nothing of MLAAS, and tampering is named."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engines.core import events
from engines.core.correlation import correlated
from engines.core.database import Database
from engines.core.errors import NotAllowed
from engines.core.gate import Purpose
from engines.governance import approvals, register
from engines.governance.approvals import Decision, delegating, sealed, signing
from tests.harness.governed import governed
from tools import verify_export

SCRIPT = Path(verify_export.__file__)


def history(db, folder):
    """Four submissions: approved, returned and submitted again, rejected, revoked.

    One vote was delegated; downloads were allowed and, after the revocation, refused.
    """
    made = governed(db, folder)
    made.train()
    lend(made, "carl", "cora")
    row = made.submit()
    made.vote(row, "cora", for_id="user-carl")
    made.vote(row, "vera")
    download(made, "request-1")
    lent = lend(made, "vera", "val", hours=9)
    approvals.end_delegation(made.board, made.people["vera"], lent.id)
    made.undocumented("r2")
    made.write("details", "The second.")
    row = made.vote(made.submit(), "carl")
    made.vote(row, "vera", Decision.RETURN, "Say more.")
    again = approvals.resubmit(made.board, made.people["ana"], row.id)
    made.vote(again, "vera", Decision.REJECT, "No.")
    made.undocumented("r3")
    made.write("details", "The third.")
    approved = made.approve()
    approvals.revoke(made.board, made.people["carl"], approved.id, "Drift.")
    with pytest.raises(NotAllowed):
        download(made, "request-2")
    return made


def lend(house, giver, taker, **by):
    """Delegate the giver's own role for some days."""
    actor, begins = house.people[giver], house.clock.on(**by)
    if taker not in house.people:
        house.person(taker, "validator")
    (role,) = actor.roles
    told = (role, begins, begins + timedelta(days=9), " Away. ")
    return approvals.delegate(house.board, actor, house.people[taker].id, *told)


def download(house, request):
    with correlated(request):
        house.gate.may_use(house.people["dora"], house.model, Purpose.DOWNLOAD)


def export(house, path, name="audrey"):
    with path.open("wb") as out:
        board = house.board
        return register.write_evidence(board.db, house.people[name], board.secrets, out)


@pytest.fixture(scope="module")
def house(migrated_file, tmp_path_factory):
    """One history for all tests here: they change the file, never the database."""
    folder = tmp_path_factory.mktemp("house")
    database = Database(f"sqlite:///{shutil.copy(migrated_file, folder / 'mlaas.db')}")
    yield history(database, folder)
    database.engine.dispose()


@pytest.fixture
def evidence(house, tmp_path):
    """The file as exported."""
    export(house, tmp_path / "evidence.jsonl")
    return tmp_path / "evidence.jsonl"


@pytest.fixture
def key(house):
    return signing.public_keys(house.board.secrets)[0]


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def dump(line):
    return json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def place(path, kind, **wanted):
    """The line number of the first line of that kind that has these values."""
    for number, line in enumerate(lines(path), 1):
        if line["kind"] == kind and all(line[name] == value for name, value in wanted.items()):
            return number
    raise AssertionError(f"no {kind} {wanted}")


def change(path, number, act):
    """Change one line, leaving all others as they are."""
    raw = path.read_bytes().splitlines(keepends=True)
    line = json.loads(raw[number - 1])
    act(line)
    raw[number - 1] = dump(line).encode() + b"\n"
    path.write_bytes(b"".join(raw))


def reseal(path, private):
    """Sign the end anew with a key, as somebody would who has one of their own."""
    raw = path.read_bytes().splitlines(keepends=True)
    end = {
        "kind": "end",
        "sha256": hashlib.sha256(b"".join(raw[:-1])).hexdigest(),
        **{name: json.loads(raw[-1])[name] for name in ("head", "lines")},
    }
    signature = base64.b64encode(private.sign(dump(end).encode())).decode()
    raw[-1] = dump({**end, "signature": signature, "public_key": public(private)}).encode() + b"\n"
    path.write_bytes(b"".join(raw))


def public(private):
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


def own_key(house):
    text = house.board.secrets.get("mlaas_signing_key")
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text))


def fault(path, key=""):
    return verify_export.verify(path, [key] if key else [])[0]


def test_what_was_exported_holds(db, tmp_path):
    house, path = history(db, tmp_path), tmp_path / "evidence.jsonl"
    made = export(house, path)
    found, counted = verify_export.verify(path, signing.public_keys(house.board.secrets))
    assert found == ""
    assert counted.count["submission"] == made.submissions == 4
    assert (counted.count["event"], counted.head) == (made.events, made.head)
    assert counted.count["delegation"] == made.delegations == 2
    assert counted.count["decision"] == made.decisions == 2
    states = {line["state"] for line in lines(path) if line["kind"] == "submission"}
    assert states == {"approved", "returned", "rejected", "revoked"}
    told = [line["act"] for line in lines(path) if line["kind"] == "event"]
    assert told[-1] == "audit.exported"


def test_the_script_runs_alone(evidence, key, tmp_path):
    alone = shutil.copy(SCRIPT, tmp_path / "verify.py")
    command = [sys.executable, "-I", alone, evidence, "--key", key]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout[:16]) == (0, "Everything holds")
    evidence.write_bytes(evidence.read_bytes().replace(b"Drift.", b"Drifd.", 1))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("BROKEN. Line ")
    command[3] = tmp_path / "nowhere"
    assert subprocess.run(command, capture_output=True).returncode == 2


def test_the_script_knows_nothing_of_the_product():
    imported = [
        line for line in SCRIPT.read_text().splitlines() if line.startswith(("import", "from"))
    ]
    ours = [line for line in imported if line.split()[1].split(".")[0] in {"engines", "app"}]
    assert imported
    assert ours == []


def test_every_changed_byte_of_the_first_event_is_found(evidence):
    raw = evidence.read_bytes()
    start = raw.index(b"\n") + 1
    end = raw.index(b"\n", start)
    number = raw.index(b'"number":', start)  # of the database; only the order is in the chain
    for at in range(start, end, 7):
        evidence.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        outside = not number <= at < number + len('"number":1')
        assert fault(evidence).startswith("Line 2: " if outside else "Line ")


def test_a_removed_event_is_named(evidence):
    raw = evidence.read_bytes().splitlines(keepends=True)
    evidence.write_bytes(b"".join(raw[:5] + raw[6:]))
    assert "Line 6: event 6 does not follow the one before" in fault(evidence)


def test_swapped_events_are_named(evidence):
    raw = evidence.read_bytes().splitlines(keepends=True)
    raw[4], raw[5] = raw[5], raw[4]
    evidence.write_bytes(b"".join(raw))
    assert "Line 5: event 5 does not follow" in fault(evidence)


def test_an_event_changed_with_its_hash_breaks_the_next(evidence):
    def forge(line):
        line["actor_name"] = "nobody"
        own = {name: line[name] for name in verify_export.IN_EVENT_HASH}
        text = json.dumps(own, sort_keys=True, ensure_ascii=False)
        line["hash"] = hashlib.sha256(text.encode()).hexdigest()

    change(evidence, 4, forge)
    assert "Line 5: event 4 does not follow" in fault(evidence)


def swap_voters(line):
    first, second = line["votes"]
    first["person_id"], second["person_id"] = second["person_id"], first["person_id"]


def drop_vote(line):
    del line["votes"][0]


def double_vote(line):
    line["votes"].append(dict(line["votes"][0], role="validator"))


def change_item(line):
    line["items"][0]["sha256"] = "0" * 64


def change_signed(line):
    line["signed"] = line["signed"].replace("user-carl", "user-cora")


def later_expiry(line):
    line["expires_at"] = "2099-01-01T00:00:00+00:00"


def another_model(line):
    line["model"] = "r9/binary"


def no_maker(line):
    line["makers"] = {}
    line["submitter_id"] = "user-adam"


def more_asked(line):
    line["requirements"]["approvals"][0]["count"] = 2


def better_facts(line):
    line["facts"]["holdout.roc_auc"] = 0.99


def other_comment(line):
    line["votes"][0]["comment"] = "Unseen."


def unsigned(line):
    line["signed"] = line["signature"] = line["public_key"] = ""


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (swap_voters, "its votes are not those that the trail tells of"),
        (drop_vote, "1 votes, 2 in the trail"),
        (double_vote, "counts twice"),
        (change_item, "its content is not what its hash says"),
        (change_signed, "its signature is wrong"),
        (later_expiry, "its expires_at is not what was signed"),
        (another_model, "the trail tells of another state, stage, model, content or reason"),
        (no_maker, "its makers were changed"),
        (more_asked, "its requirements, facts, checks, answers or comments were changed"),
        (better_facts, "its requirements, facts, checks, answers or comments were changed"),
        (other_comment, "its votes are not those that the trail tells of"),
        (unsigned, "signed with a foreign key"),
    ],
)
def test_a_changed_submission_is_named(evidence, house, key, act, said):
    number = place(evidence, "submission", state="approved")
    change(evidence, number, act)
    reseal(evidence, own_key(house))  # even when the end is signed anew with the true key
    found = fault(evidence, key)
    assert found.startswith(f"Line {number}: submission ")
    assert said in found


def refused_after_all(line):
    line["allowed"] = False


def another_person(line):
    line["actor_id"] = "user-ana"


def another_request(line):
    line["request_id"] = "request-9"


def another_approval(line):
    line["submission_id"] = "nobody"


def another_content(line):
    line["content_hash"] = "0" * 64


def before_it_was_given(line):
    line["as_of"] = "2020-01-01T00:00:00+00:00"


def after_it_ran_out(line):
    line["as_of"] = "2099-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (refused_after_all, "is not what the trail tells"),
        (another_person, "is not what the trail tells"),
        (another_request, "is not what the trail tells"),
        (another_model, "is not what the trail tells"),
        (another_approval, "is not what the trail tells"),
        (another_content, "its approval is of something else"),
        (before_it_was_given, "was not given yet"),
        (after_it_ran_out, "held no more"),
    ],
)
def test_a_changed_permit_is_named(evidence, house, key, act, said):
    number = place(evidence, "decision", allowed=True)
    change(evidence, number, act)
    reseal(evidence, own_key(house))
    found = fault(evidence, key)
    assert found.startswith(f"Line {number}: decision ")
    assert said in found


def another_taker(line):
    line["taker_name"] = "dora"


def longer(line):
    line["ends_at"] = "2099-01-01T00:00:00+00:00"


def ended(line):
    line["ended_at"] = line["ends_at"]


@pytest.mark.parametrize(
    ("act", "said"), [(another_taker, "given"), (longer, "given"), (ended, "ended")]
)
def test_a_changed_delegation_is_named(evidence, house, key, act, said):
    number = place(evidence, "delegation", giver_id="user-carl")
    change(evidence, number, act)
    reseal(evidence, own_key(house))
    assert f"Line {number}: delegation " in fault(evidence, key)
    assert f"the trail does not tell that it was {said}" in fault(evidence, key)


def test_a_delegation_that_took_anothers_place_is_named(evidence, house, key):
    number = place(evidence, "delegation", giver_id="user-carl")
    change(evidence, number, lambda line: line.update(id="another"))
    reseal(evidence, own_key(house))
    assert "delegation another: the trail does not tell that it was given" in fault(evidence, key)


def test_delegations_whose_events_tell_no_id_are_matched_by_what_they_say(
    db, tmp_path, monkeypatch
):
    def without_id(session, actor, act, row, **detail):
        events.record(session, actor, act, f"user:{actor.id}", **detail)

    monkeypatch.setattr(delegating, "_record", without_id)  # as before ids were told
    house = history(db, tmp_path)
    path = tmp_path / "older.jsonl"
    assert export(house, path).delegations == 2
    assert fault(path) == ""


def test_a_vote_that_nobody_had_delegated_is_named(evidence, house, key):
    number = place(evidence, "delegation", giver_id="user-carl")
    change(evidence, number, lambda line: line.update(taker_id="user-dora"))
    reseal(evidence, own_key(house))
    assert "nobody had delegated the vote of carl" in fault(evidence, key)


@pytest.mark.parametrize(
    ("kind", "wanted", "said"),
    [
        ("decision", {"allowed": False}, "decisions of the gate are missing"),
        ("delegation", {"giver_id": "user-vera"}, "2 delegations that the trail tells of"),
    ],
)
def test_what_was_left_out_is_missed_even_when_the_end_is_signed_anew(
    evidence, house, key, kind, wanted, said
):
    raw = evidence.read_bytes().splitlines(keepends=True)
    del raw[place(evidence, kind, **wanted) - 1]
    end = json.loads(raw[-1])
    end["lines"][kind] -= 1
    evidence.write_bytes(b"".join([*raw[:-1], dump(end).encode() + b"\n"]))
    reseal(evidence, own_key(house))
    assert said in fault(evidence, key)


def test_a_foreign_key_is_named(evidence, key):
    foreign = Ed25519PrivateKey.generate()
    number = place(evidence, "submission", state="approved")

    def sign(line):
        signature = foreign.sign(line["signed"].encode())
        line["signature"] = base64.b64encode(signature).decode()
        line["public_key"] = public(foreign)

    change(evidence, number, sign)
    assert f"Line {number}: " in fault(evidence)
    assert "signed with a foreign key" in fault(evidence)
    change(evidence, 1, lambda line: line["public_keys"].append(public(foreign)))
    reseal(evidence, foreign)
    assert fault(evidence) == ""  # a file that is false as a whole agrees with itself…
    assert "Line 1: it names a foreign key" in fault(evidence, key)  # … and the known key tells


def test_a_changed_policy_is_named(evidence):
    number = place(evidence, "policy")
    change(
        evidence,
        number,
        lambda line: line.update(text=line["text"].replace("count: 1", "count: 0")),
    )
    assert fault(evidence) == f"Line {number}: policy house 1 was changed."


def test_a_removed_submission_is_found_at_the_end(evidence):
    raw = evidence.read_bytes().splitlines(keepends=True)
    number = place(evidence, "submission", state="rejected")
    evidence.write_bytes(b"".join(raw[: number - 1] + raw[number:]))
    assert "lines were added or removed" in fault(evidence)


def test_a_field_nothing_else_vouches_for_is_covered_by_the_end(evidence):
    number = place(evidence, "submission", state="rejected")
    change(evidence, number, lambda line: line.update(title="Another"))
    assert "a line before was changed" in fault(evidence)


@pytest.mark.parametrize("kept", [0, 1, 10, -1])
def test_a_file_cut_off_is_found(evidence, kept):
    raw = evidence.read_bytes().splitlines(keepends=True)
    evidence.write_bytes(b"".join(raw[:kept]))
    assert "cut off" in fault(evidence)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"not json\n", "no JSON"),
        (b"[]\n", "no JSON object"),
        (b'{"kind":"end","kind":"event"}\n', "a key stands twice"),
        (b'{"kind":"party"}\n', "not known"),
        (b'{"kind":"event"}\n', "stands after the end"),
    ],
)
def test_lines_added_after_the_end_are_named(evidence, raw, said):
    evidence.write_bytes(evidence.read_bytes() + raw)
    number = len(evidence.read_bytes().splitlines())
    assert fault(evidence).startswith(f"Line {number}: it stands after the end")
    evidence.write_bytes(raw)
    assert said in fault(evidence) or "header is missing" in fault(evidence)


def test_a_noted_head_must_still_be_there(evidence):
    head = next(line["hash"] for line in lines(evidence) if line["kind"] == "event")
    assert verify_export.verify(evidence, head=head)[0] == ""
    assert "is gone" in verify_export.verify(evidence, head="f" * 64)[0]


@pytest.mark.parametrize("name", ["ana", "carl", "vera", "dora"])
def test_evidence_is_refused_to_those_without_the_audit(house, name, tmp_path):
    with pytest.raises(NotAllowed):
        export(house, tmp_path / "no", name)


def rechain(path):
    """Write the whole trail anew with hashes that fit, as whoever holds the database can."""
    told, before = lines(path), verify_export.FIRST
    for line in told:
        if line["kind"] == "event":
            line["previous_hash"] = before
            own = {name: line[name] for name in verify_export.IN_EVENT_HASH}
            text = json.dumps(own, sort_keys=True, ensure_ascii=False)
            line["hash"] = before = hashlib.sha256(text.encode()).hexdigest()
    told[-1]["head"] = before
    path.write_bytes(b"".join(dump(line).encode() + b"\n" for line in told))


def test_a_trail_written_anew_is_named_by_the_approvals_signed_on_it(evidence, house, key):
    change(evidence, place(evidence, "event", number=1), lambda line: line.update(actor_name="eve"))
    rechain(evidence)
    reseal(evidence, own_key(house))
    found = fault(evidence, key)
    assert found.startswith(f"Line {place(evidence, 'submission', state='approved')}: ")
    assert "signed on another audit trail" in found


def test_an_approval_of_a_version_that_signed_less_still_holds(db, tmp_path, monkeypatch):
    full = sealed.statement
    less = lambda *told: {k: v for k, v in full(*told).items() if k != "grounds"}  # noqa: E731
    monkeypatch.setattr(sealed, "statement", less)
    house = governed(db, tmp_path)
    house.train()
    house.approve()
    monkeypatch.undo()
    download(house, "request-1")
    export(house, tmp_path / "evidence.jsonl")
    assert fault(tmp_path / "evidence.jsonl", own_public(house)) == ""


def own_public(house):
    return signing.public_keys(house.board.secrets)[0]


@pytest.mark.parametrize(
    ("state", "values", "said"),
    [
        ("revoked", {"state": "approved", "ended_at": None}, "the trail tells of another state"),
        ("revoked", {"ended_at": None}, "its end is not as the trail tells"),
        ("returned", {"reason": "Fine."}, "the trail tells of another state"),
        ("returned", {"stage": "prod"}, "the trail tells of another state"),
        ("returned", {"ended_at": "x", "decided_at": 5}, "its end is not as the trail tells"),
    ],
)
def test_what_became_of_a_submission_is_as_the_trail_tells(
    evidence, house, key, state, values, said
):
    number = place(evidence, "submission", state=state)
    change(evidence, number, lambda line: line.update(values))
    reseal(evidence, own_key(house))
    found = fault(evidence, key)
    assert found.startswith(f"Line {number}: submission ")
    assert said in found


@pytest.mark.parametrize("state", ["rejected", "revoked"])
def test_a_submission_left_out_is_missed_though_the_end_is_signed_anew(evidence, house, key, state):
    raw = evidence.read_bytes().splitlines(keepends=True)
    gone = json.loads(raw.pop(place(evidence, "submission", state=state) - 1))
    end = json.loads(raw[-1])
    end["lines"]["submission"] -= 1
    if state == "revoked":  # with everything that rests on it
        kept = [line for line in raw if gone["id"] not in line.decode() or b'"event"' in line]
        end["lines"]["decision"] -= len(raw) - len(kept)
        raw = kept
    evidence.write_bytes(b"".join([*raw[:-1], dump(end).encode() + b"\n"]))
    reseal(evidence, own_key(house))
    assert "are missing" in fault(evidence, key)


def test_a_vote_taken_over_from_nowhere_is_named(evidence, house, key):
    number = place(evidence, "submission", state="rejected")
    change(evidence, number, lambda line: line["votes"][0].update(comment="Unseen."))
    reseal(evidence, own_key(house))
    assert "the vote of carl is in none before it" in fault(evidence, key)


def test_a_date_that_is_none_is_named_and_no_crash(evidence, house, key):
    number = place(evidence, "submission", state="approved")
    change(evidence, number, lambda line: line.update(decided_at="yesterday"))
    reseal(evidence, own_key(house))
    assert fault(evidence, key) != ""
