"""The content of a model that an approval covers: collected, hashed, compared."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from engines.governance import documents
from engines.governance.approvals.file_hashes import MISSING
from engines.governance.approvals.models import Submission
from engines.governance.approvals.port import Board, Material
from engines.governance.policies.models import PolicyVersion

DRAWN = {"plots.html"}  # drawn anew from the files beside it, so it is no content of its own
MANIFEST = "manifest.json"


class Kind(StrEnum):
    """What a piece of content is."""

    DATA = "data_snapshot"
    CODE = "code_commit"
    ENVIRONMENT = "environment_lock"
    FILE = "model_file"
    HOLDOUT = "holdout_metrics"
    DOCUMENT = "document"
    ANSWERS = "questionnaire"
    POLICY = "policy"
    EXPLANATION = "explanation"


class Care(StrEnum):
    """How closely files are looked at: what is remembered will do, the model's are read, or all."""

    REMEMBERED = "remembered"
    MODEL = "model"
    ALL = "all"


@dataclass(frozen=True, order=True)
class Item:
    """One piece of content; `detail` says in words what it is."""

    kind: str
    name: str
    sha256: str
    detail: str = ""


@dataclass(frozen=True)
class Change:
    """One item that is not what was frozen; a hash is empty where there is or was no such item."""

    kind: str
    name: str
    before: str
    after: str

    @property
    def is_gone(self) -> bool:
        """True when there is no such item any more."""
        return self.after in ("", MISSING)

    @property
    def what(self) -> str:
        """What became of it."""
        found = "is gone" if self.is_gone else "has changed"
        return found if self.before else "is new"

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} “{self.name}” {self.what}"


def canonical(value: Any) -> str:
    """JSON that is the same for the same value: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def sha256(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(items: Iterable[Item]) -> str:
    """SHA-256 over the canonical JSON of the sorted items."""
    return sha256(canonical([asdict(item) for item in sorted(items)]))


def collect(board: Board, session: Session, material: Material, care: Care) -> list[Item]:
    """The items of a model as they are now, but for the policy."""
    data = board.hashes.of(material.data, fresh=care is Care.ALL)
    return [
        Item(Kind.DATA, "table", data, "the data it was trained on"),
        Item(Kind.CODE, "commit", sha256(material.code_commit), material.code_commit),
        Item(Kind.ENVIRONMENT, "lock", material.lock_sha256, "locked libraries at training"),
        Item(Kind.HOLDOUT, "metrics", sha256(canonical(dict(material.holdout)))),
        Item(Kind.ANSWERS, "objective", sha256(canonical(dict(material.answers)))),
        *_files(board, material.folder, care is not Care.REMEMBERED),
        *_explanation(board, material.explanation),
        *_documents(documents.hashes_in(session, material.model)),
    ]


def with_policy(items: Sequence[Item], policy: PolicyVersion | None) -> list[Item]:
    """The items and the policy they are judged by, sorted."""
    if policy is None:
        return sorted(items)
    name = f"{policy.name} {policy.version}"
    return sorted([*items, Item(Kind.POLICY, name, sha256(policy.text))])


def of(submission: Submission) -> list[Item]:
    """The items as they were frozen."""
    return [Item(**item) for item in submission.items]


def changes(frozen: Sequence[Item], found: Sequence[Item]) -> list[Change]:
    """What differs from the frozen items.

    A kind of document that was not among them is no change, nor a first explanation: those were
    made for a later stage.
    """
    before = {(item.kind, item.name): item.sha256 for item in frozen}
    covered = {_part(item) for item in frozen}
    later = (Kind.DOCUMENT, Kind.EXPLANATION)
    after = {
        (item.kind, item.name): item.sha256
        for item in found
        if item.kind not in later or _part(item) in covered
    }
    return [
        Change(*key, before.get(key, ""), after.get(key, ""))
        for key in sorted(before.keys() | after.keys())
        if before.get(key, "") != after.get(key, "")
    ]


def document_kind(name: str) -> str:
    """The kind of document that an item “kind/section” belongs to."""
    return name.partition("/")[0]


def parts(items: Iterable[Item]) -> dict[str, str]:
    """The content by part, as reviewers confirm it: part → hash.

    Parts are data, code, model, explanation, questionnaire, policy, one per kind of document.
    """
    grouped = defaultdict(list)
    for item in items:
        grouped[_part(item)].append(item)
    return {part: content_hash(own) for part, own in sorted(grouped.items())}


def frozen_policy(session: Session, submission: Submission) -> PolicyVersion | None:
    """The policy version that a submission was judged by, as stored now."""
    named = select(PolicyVersion).where(PolicyVersion.name == submission.policy_name)
    return session.exec(named.where(PolicyVersion.version == submission.policy_version)).first()


PARTS: Mapping[str, str] = {
    Kind.DATA: "data",
    Kind.CODE: "code",
    Kind.ENVIRONMENT: "code",
    Kind.FILE: "model",
    Kind.HOLDOUT: "model",
    Kind.ANSWERS: "questionnaire",
    Kind.POLICY: "policy",
    Kind.EXPLANATION: "explanation",
}


def _part(item: Item) -> str:
    return PARTS.get(item.kind) or f"document:{document_kind(item.name)}"


def _files(board: Board, folder: Path, fresh: bool) -> Iterator[Item]:
    """Every file of the model's folder, however deep."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in DRAWN and (path.is_symlink() or not path.is_dir()):
            yield Item(Kind.FILE, name, board.hashes.of(path, fresh))


def _explanation(board: Board, folder: Path | None) -> Iterator[Item]:
    """The explanation's manifest, which names the hash of every other file of it."""
    if folder is not None and (folder / MANIFEST).exists():
        yield Item(Kind.EXPLANATION, MANIFEST, board.hashes.of(folder / MANIFEST))


def _documents(hashes: Mapping[str, str]) -> Iterator[Item]:
    for name, digest in hashes.items():
        yield Item(Kind.DOCUMENT, name, digest)
