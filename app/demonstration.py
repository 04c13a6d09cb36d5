"""`DEMO=1`: one experiment per sample data set, in the demo analyst's name."""

from engines import projects
from engines.core import users
from engines.core.access import Actor
from engines.core.settings import Settings
from engines.data_sources import SAMPLES, Sample, use_sample
from engines.wiring import Services, build


def load_samples(settings: Settings, user_name: str) -> None:
    """Create the experiments that are missing, each with its sample as data."""
    services = build(settings)
    actor = _actor(services, user_name)
    mine = projects.ExperimentFilter(owner_id=actor.id, size=100)
    known = {experiment.name for experiment in projects.find(services.db, actor, mine).rows}
    for sample in SAMPLES:
        if sample.title not in known:
            _load(services, actor, sample)


def _load(services: Services, actor: Actor, sample: Sample) -> None:
    objective = {"predicts": sample.question}
    experiment = projects.create(services.db, actor, sample.title, sample.question, objective)
    folder = services.settings.paths.samples
    use_sample(services.datasets, actor, experiment.id, sample.file, folder)


def _actor(services: Services, name: str) -> Actor:
    with services.db.read() as session:
        user = users.named(session, name)
    if user is None:
        raise LookupError(f"the demo user {name} is missing")
    return user.actor
