"""What releases are made of, put together from the engines that each know a part of it."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sqlmodel import Session

from engines import artifacts, training
from engines.core import drawn, scoring
from engines.core.access import Actor, Capability
from engines.core.database import Database
from engines.core.experiments import Experiments
from engines.core.gate import Stage
from engines.core.model_card import read_card
from engines.core.model_ref import ModelRef
from engines.core.runs import Runs, task_folder
from engines.core.secrets import Secrets
from engines.core.settings import Settings
from engines.data_sources import Datasets
from engines.governance import approvals, documents, notices
from engines.governance.approvals import Board, State, Submission
from engines.results.read import read_task
from engines.results.readme import readme
from engines.results.script import libraries, predict_script, requirements

CARD = "model_card"


def artifact_store(settings: Settings, secrets: Secrets) -> artifacts.ArtifactStore:
    """The repository that the settings choose."""
    chosen = settings.artifacts
    keys = {str(place): key for place, key in chosen.repositories.items()}
    if settings.backends.artifacts == "folder":
        return artifacts.FolderStore(settings.paths.data / "artifacts", keys)
    # Imported here: its libraries take a while, and the folder needs none of them.
    from engines.artifacts.artifactory import ArtifactoryStore

    token: Callable[[], str] = lambda: secrets.get(chosen.token)  # noqa: E731
    return ArtifactoryStore(chosen.url, keys, token, chosen.timeout_seconds, chosen.certificates)


@dataclass(frozen=True)
class ReleaseSources:
    """A model's files, scripts, approvals and hold-out, as the acting person may see them."""

    db: Database
    experiments: Experiments
    runs: Runs
    datasets: Datasets
    board: Board

    def experiment_id(self, actor: Actor, model: ModelRef) -> str:
        """The experiment the model belongs to. Raises NotFound, NotAllowed."""
        return training.run(self.db, actor, model.run_id, self.experiments).experiment_id

    def folder(self, actor: Actor, model: ModelRef) -> Path:
        """The model's folder. Raises NotFound, NotAllowed."""
        return task_folder(self.runs, actor, model.run_id, model.task)

    def scripts(self, actor: Actor, model: ModelRef) -> Mapping[str, bytes]:
        """README.md, predict.py and requirements.txt, as in a download."""
        files = read_task(self.folder(actor, model))
        return {
            "README.md": readme(files).encode(),
            "predict.py": predict_script("series" in files.card.facts).encode(),
            "requirements.txt": requirements(libraries(files.folder), files.card).encode(),
        }

    def evidence(self, actor: Actor, model: ModelRef) -> Mapping[str, bytes]:
        """The model card as it was written, each approval as it was signed, and its signature.

        The text of a card may name columns, so that of anonymised data stays here.
        """
        found: dict[str, bytes] = {}
        if not read_card(self.folder(actor, model)).anonymised:
            found |= self._card(model)
        for one in approvals.of_model(self.board, actor, model):
            if one.state == State.APPROVED:
                found |= dict(_signed(one))
        return found

    def holdout(self, actor: Actor, model: ModelRef) -> pd.DataFrame | None:
        """The hold-out's rows as the model takes them; None without them or without the right."""
        place = self.folder(actor, model) / "holdout.parquet"
        if not place.exists() or not actor.may(Capability.DATA_READ):
            return None
        run = training.run(self.db, actor, model.run_id, self.experiments)
        table = self.datasets.table(actor, run.dataset_id)
        card = read_card(place.parent)
        rows = pd.read_parquet(place, columns=["row"])["row"]
        frame = drawn.read(table.path, np.unique(rows)).loc[rows].rename(columns=table.public_names)
        return scoring.conform(frame, [asdict(one) for one in card.features])

    def _card(self, model: ModelRef) -> dict[str, bytes]:
        kept = [one for one in documents.current(self.db, model) if one.kind == CARD]
        text = "\n\n".join(f"# {one.section}\n\n{one.text.strip()}" for one in kept)
        return {"model_card.md": f"{text}\n".encode()} if kept else {}


def _signed(one: Submission) -> Iterator[tuple[str, bytes]]:
    stage = Stage(one.stage).value
    yield f"approval-{stage}.json", one.signed.encode()
    yield f"approval-{stage}.sig", f"{one.signature}\n".encode()
    yield f"approval-{stage}.pem", _pem(one.public_key)


def _pem(public_key: str) -> bytes:
    """An Ed25519 public key as other tools read it (RFC 8410)."""
    prefix = bytes.fromhex("302a300506032b6570032100")
    body = base64.b64encode(prefix + base64.b64decode(public_key)).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()


BECAME = {
    "release.published": "is published in {where}",
    "release.promoted": "is in {where} now",
    "release.removed": "was removed from {where}",
}
FAILED = {
    "release.failed": "could not be published",
    "release.promotion_failed": "could not be promoted to {where}",
    "release.removal_failed": "was not removed from {where}",
}


def announce(session: Session, release: artifacts.Release, news: artifacts.News) -> None:
    """Tell whoever made the model, decided about it, publishes it or asked for the act.

    A failure is told to who asked alone. E-mail follows the commit.
    """
    people = {news.asker}
    if news.act not in FAILED:
        people |= {release.actor_id} | approvals.concerned(session, release.model)
    title = f"{release.title} {(BECAME | FAILED)[news.act].format(where=news.where)}"
    link = notices.Link("artifacts", {"release": release.id})
    people &= approvals.signing_in(session)  # the schedule is nobody's
    notices.post(session, people, notices.Kind.ARTIFACT, title, news.why, link)


@dataclass(frozen=True)
class ApprovedForProd:
    """A model that is approved for prod is needed; so is one whose approvals cannot be read."""

    board: Board
    actor: Actor

    def is_needed(self, model: ModelRef) -> bool:
        """True when any approval for UAT or prod of the model stands."""
        found = approvals.of_model(self.board, self.actor, model)
        later = (Stage.UAT.value, Stage.PROD.value)
        return any(one.state == State.APPROVED and one.stage in later for one in found)
