"""Which algorithms suit the table, ranked, each with the characteristics that speak for it."""

from collections.abc import Callable, Iterable

from engines.recommendation.advice import Algorithm, Task, TimeClass
from engines.recommendation.catalogue import Entry, Family, entries
from engines.recommendation.characteristics import Characteristics
from engines.recommendation.signals import Probe

FOLD_SHARE = 4.0  # a candidate is fitted about five times on four fifths of the rows
QUICK, LONG = 30.0, 600.0  # seconds

Clue = tuple[str, float, bool]
Clues = Callable[[Characteristics, Probe], Iterable[Clue]]


def rank_algorithms(
    task: Task, facts: Characteristics, probe: Probe, known: Iterable[str] = ()
) -> tuple[Algorithm, ...]:
    """The algorithms for `task`, best first; `known` keeps to the identifiers one can train."""
    allowed = set(known)
    found = [_judge(e, facts, probe) for e in entries(task) if not allowed or e.id in allowed]
    return tuple(sorted(found, key=lambda algorithm: -algorithm.score))


def time_class(entry: Entry, facts: Characteristics) -> TimeClass:
    """The expected time of one candidate with cross-validation on one core."""
    cells = facts.rows * max(facts.features, 1) / 1e6
    seconds = entry.effort * cells * FOLD_SHARE
    if entry.quadratic:
        seconds *= max(facts.rows / 10_000, 1.0)
    if seconds < QUICK:
        return TimeClass.SECONDS
    return TimeClass.MINUTES if seconds < LONG else TimeClass.LONG


def _judge(entry: Entry, facts: Characteristics, probe: Probe) -> Algorithm:
    base, general, clues = RULES[entry.family]
    holding = [(text, weight) for text, weight, holds in clues(facts, probe) if holds]
    time = time_class(entry, facts)
    slow = {TimeClass.SECONDS: 0.0, TimeClass.MINUTES: 0.05, TimeClass.LONG: 0.3}[time]
    total = sum(weight for _, weight in holding)
    parts = [entry.about or general, *(text for text, _ in holding)]
    return Algorithm(
        id=entry.id,
        name=entry.name,
        reason="; ".join(parts) + ".",
        score=round(base + entry.standing + total - slow - entry.effort / 200, 3),
        time=time,
        interpretable=entry.interpretable,
    )


def _linear(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    scores = f"({probe.linear:.2f} against {probe.curved:.2f} in a quick probe)"
    yield f"here a straight model does about as well as a curved one {scores}", 0.25, probe.straight
    yield f"but the data bend: a curved model does better {scores}", -0.2, probe.bends
    yield f"few rows ({facts.rows:,}) favour a simple model", 0.15, facts.rows < 1_000
    yield f"{facts.zero_share:.0%} of the numbers are zero", 0.05, facts.zero_share > 0.6
    yield "but categories with very many values widen it", -0.1, facts.widest_category > 100


def _sparse_linear(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield from _linear(facts, probe)
    yield f"picks among {facts.features} features by itself", 0.1, facts.features > 50


def _boosting(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    scores = f"({probe.curved:.2f} against {probe.linear:.2f} in a quick probe)"
    yield f"here curved models do better than straight ones {scores}", 0.15, probe.bends
    yield f"{facts.rows:,} rows are enough to learn interactions", 0.1, facts.rows >= 2_000
    yield f"but {facts.rows:,} rows are few for it", -0.25, facts.rows < 500
    yield (
        f"copes with the {facts.missing_share:.0%} missing values as they are",
        0.05,
        facts.missing_share >= 0.01,
    )
    mixed = 0.1 < facts.categorical_share < 1
    yield f"{facts.categorical_share:.0%} of the features are categories", 0.05, mixed


def _forest(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield "here curved models do better than straight ones", 0.1, probe.bends
    yield f"steady with {facts.rows:,} rows", 0.1, 300 <= facts.rows < 5_000
    yield f"but grows slow and large with {facts.rows:,} rows", -0.2, facts.rows > 100_000
    outliers = f"{facts.outlier_share:.1%} extreme target values do not throw it off"
    yield outliers, 0.05, facts.outlier_share > 0.01


def _tree(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield f"clear with only {facts.features} features", 0.05, facts.features <= 8


def _neighbours(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield f"{facts.features} features make distances alike", -0.15, facts.features > 20
    yield f"comparing {facts.rows:,} rows with each other is slow", -0.25, facts.rows > 50_000
    share = facts.categorical_share
    yield f"{share:.0%} categories fit a distance badly", -0.15, share > 0.3
    yield "few numeric features suit a distance", 0.15, facts.features <= 8 and share < 0.2


def _network(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield f"{facts.rows:,} rows give it something to learn from", 0.15, facts.rows >= 10_000
    yield f"but {facts.rows:,} rows are few for it", -0.15, facts.rows < 2_000
    yield "here curved models do better than straight ones", 0.05, probe.bends


def _bayes(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield f"few rows ({facts.rows:,}) are enough", 0.1, facts.rows < 1_000


def _discriminant(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield "here a straight model does about as well as a curved one", 0.15, probe.straight
    share = facts.categorical_share
    yield f"{share:.0%} categories fit it badly", -0.1, share > 0.5


def _centres(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield f"fast with {facts.rows:,} rows", 0.1, facts.rows > 5_000


def _pairwise(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    yield f"compares pairs, too many with {facts.rows:,} rows", -0.4, facts.rows > 20_000
    yield f"affordable with {facts.rows:,} rows", 0.05, facts.rows <= 5_000


def _none(facts: Characteristics, probe: Probe) -> Iterable[Clue]:
    return ()


RULES: dict[Family, tuple[float, str, Clues]] = {
    Family.LINEAR: (0.5, "A straight model whose weights can be read", _linear),
    Family.SPARSE_LINEAR: (0.45, "A straight model that drops weak features", _sparse_linear),
    Family.BOOSTING: (0.65, "Trees that correct one another", _boosting),
    Family.FOREST: (0.55, "Many trees that vote, hard to get wrong", _forest),
    Family.TREE: (0.3, "One tree that can be read as rules, a baseline to explain", _tree),
    Family.NEIGHBOURS: (0.3, "Judges a row by the ones most like it", _neighbours),
    Family.NETWORK: (0.3, "Layers that learn curves, with much tuning", _network),
    Family.BAYES: (0.25, "A very fast baseline that treats features one by one", _bayes),
    Family.DISCRIMINANT: (0.35, "Draws one boundary between the classes", _discriminant),
    Family.CENTRES: (0.6, "Groups rows around centres that describe each group", _centres),
    Family.DENSITY: (0.45, "Finds groups of any shape and leaves odd rows out", _pairwise),
    Family.HIERARCHY: (0.45, "Merges the most alike rows step by step", _pairwise),
    Family.COMPONENTS: (0.5, "Sums up correlated columns in a few axes", _none),
    Family.ISOLATION: (0.6, "Marks rows that few cuts set apart", _centres),
}
