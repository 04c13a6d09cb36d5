"""Gates that always or never let anybody through, for tests of what stands behind them."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engines import inference
from engines.core.access import Actor, Role
from engines.core.database import now
from engines.core.errors import NotAllowed
from engines.core.files import sha256_of
from engines.core.gate import Permit, Purpose
from engines.core.model_ref import ModelRef
from engines.inference import StoredModel

READER = Actor("user-reader", "reader", frozenset({Role.ANALYST}))


@dataclass
class OpenGate:
    """Lets everybody use everything, and remembers what was asked."""

    asked: list[tuple[ModelRef, Purpose]] = field(default_factory=list)

    def may_use(
        self, actor: Actor, model: ModelRef, purpose: Purpose, at: datetime | None = None
    ) -> Permit:
        """A permit that rests on no approval."""
        self.asked.append((model, purpose))
        return Permit("p", model, purpose, at or now())


class ClosedGate:
    """Lets nobody through."""

    def may_use(
        self, actor: Actor, model: ModelRef, purpose: Purpose, at: datetime | None = None
    ) -> Permit:
        """Never a permit."""
        raise NotAllowed(f"The gate is closed for {purpose}.")


@dataclass(frozen=True)
class AnyRuns:
    """The runs below a folder, open to anybody."""

    root: Path

    def folder(self, actor: Actor, run_id: str) -> Path:
        """The run's folder, unchecked."""
        return self.root / run_id


def stored(root: Path, run_id: str, task: str) -> StoredModel:
    """The model below the folder of runs."""
    return inference.load(AnyRuns(root), OpenGate(), READER, run_id, task)


@dataclass(frozen=True)
class SwappingGate:
    """Looks at the files as the real one does; then somebody writes another in place of one."""

    root: Path
    name: str

    def may_use(
        self, actor: Actor, model: ModelRef, purpose: Purpose, at: datetime | None = None
    ) -> Permit:
        """A permit for the files as they were."""
        folder = self.root / model.run_id / model.task
        files = {file.name: sha256_of(file) for file in folder.iterdir() if file.is_file()}
        text = (folder / self.name).read_bytes()
        (folder / self.name).write_bytes(text + b" ")
        return Permit("p", model, purpose, at or now(), files=files)
