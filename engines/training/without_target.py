"""What a worker fits without a target: groups, axes, detectors; each with figures of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn import metrics as sk
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, Birch, KMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA, FactorAnalysis, KernelPCA, TruncatedSVD
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression
from sklearn.manifold import trustworthiness
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor, NearestNeighbors

Values = NDArray[np.float64]
MOST_CLUSTERS = 8
SCORED_ROWS = 2_500  # silhouette and neighbourhoods grow with the square of the rows
SMALLEST = 0.01  # a cluster with a smaller share of the rows is not a group
STRANGE = 0.05  # share of rows a detector flags
AXES = 10


class Shared(Protocol):
    """The prepared numbers, the seed, and the number of clusters asked for (0: choose)."""

    @property
    def values(self) -> Values: ...
    @property
    def seed(self) -> int: ...
    @property
    def clusters(self) -> int: ...


@dataclass
class Found:
    """A fitted learner that answers new rows, its figures, and why it should not win, if so."""

    model: Any
    parameters: dict[str, Any]
    metrics: dict[str, float]
    facts: dict[str, Any] = field(default_factory=dict)
    reservation: str = ""
    scores: Values | None = None


Grouping = Callable[[Shared, int], Any]
GROUPINGS: dict[str, Grouping] = {
    "kmeans": lambda s, k: KMeans(k, n_init=10, random_state=s.seed),
    "gmm": lambda s, k: GaussianMixture(k, random_state=s.seed, reg_covar=1e-4),
    "birch": lambda s, k: Birch(n_clusters=k),
    "hclust": lambda s, k: AgglomerativeClustering(k),
}
DENSITIES: dict[str, Callable[[Shared], Any]] = {
    "hdbscan": lambda s: HDBSCAN(min_cluster_size=max(5, len(s.values) // 50)),
    "dbscan": lambda s: DBSCAN(eps=_reach(s.values), min_samples=5),
}


def cluster(shared: Shared, key: str) -> Found:
    """Group the rows; the number of groups is the one with the best silhouette."""
    if key in DENSITIES:
        return _grouped(shared, DENSITIES[key](shared), {})
    most = min(MOST_CLUSTERS, len(shared.values) // 5)
    counts = [shared.clusters] if shared.clusters else list(range(2, max(most, 2) + 1))
    tried = [_grouped(shared, GROUPINGS[key](shared, k), {"n_clusters": k}) for k in counts]
    sound = [found for found in tried if not found.reservation] or tried
    best = max(sound, key=lambda found: found.metrics.get("silhouette", -1.0))
    by_count = {str(k): f.metrics.get("silhouette") for k, f in zip(counts, tried, strict=True)}
    best.facts["silhouette_by_clusters"] = by_count
    return best


def _grouped(shared: Shared, learner: Any, parameters: dict[str, Any]) -> Found:
    labels = np.asarray(learner.fit_predict(shared.values))
    names, sizes = np.unique(labels[labels >= 0], return_counts=True)
    facts = {
        "clusters": len(names),
        "sizes": {str(n): int(size) for n, size in zip(names, sizes, strict=True)},
        "unassigned": int((labels < 0).sum()),
    }
    if len(names) < 2:
        return Found(learner, parameters, {}, facts, "It finds no groups here.")
    small = sizes.min() < max(2, SMALLEST * len(labels))
    reservation = f"Its smallest cluster holds {sizes.min()} rows." if small else ""
    # Birch answers new rows, but its tree cannot be stored without pickle.
    answers = hasattr(learner, "predict") and not isinstance(learner, Birch)
    model = learner if answers else _stand_in(shared.values, labels)
    facts["stand_in"] = model is not learner
    return Found(model, parameters, _apart(shared, labels), facts, reservation)


def _stand_in(values: Values, labels: NDArray[Any]) -> KNeighborsClassifier:
    """Answers new rows for a grouping that cannot: the group of the nearest known rows."""
    return KNeighborsClassifier(1).fit(values, labels)


def _apart(shared: Shared, labels: NDArray[Any]) -> dict[str, float]:
    """How well the groups are apart, on a sample; rows in no group lower the silhouette."""
    some = np.random.default_rng(shared.seed).permutation(len(labels))[:SCORED_ROWS]
    in_group = some[labels[some] >= 0]
    values, groups = shared.values[in_group], labels[in_group]
    if not 1 < len(np.unique(groups)) < len(groups):
        return {}
    share = len(in_group) / len(some)
    return {
        "silhouette": float(sk.silhouette_score(values, groups)) * share,
        "calinski_harabasz": float(sk.calinski_harabasz_score(values, groups)),
        "davies_bouldin": float(sk.davies_bouldin_score(values, groups)),
    }


def _reach(values: Values) -> float:
    """DBSCAN's radius: the 90th percentile of the distance to the fifth neighbour."""
    near = NearestNeighbors(n_neighbors=5).fit(values).kneighbors(values)[0]
    return float(max(np.quantile(near[:, -1], 0.9), 1e-6))


def reduce(shared: Shared, key: str) -> Found:
    """Find a few axes that keep most of what the columns say."""
    axes = max(1, min(AXES, shared.values.shape[1] - 1, len(shared.values) - 1))
    learner = _axes(key, axes, shared.seed)
    places = np.asarray(learner.fit_transform(shared.values))
    kept = [_kept(shared.values, places[:, : n + 1]) for n in range(places.shape[1])]
    some = np.random.default_rng(shared.seed).permutation(len(places))[: SCORED_ROWS // 2]
    metrics = {"explained_variance": kept[min(1, len(kept) - 1)]}
    if len(some) > 12:
        near = trustworthiness(shared.values[some], places[some, :2], n_neighbors=5)
        metrics["trustworthiness"] = float(near)
    shares = [round(b - a, 6) for a, b in zip([0.0, *kept[:-1]], kept, strict=True)]
    facts = {"components": places.shape[1], "explained_variance": shares}
    return Found(learner, {"n_components": axes}, metrics, facts)


def _axes(key: str, axes: int, seed: int) -> Any:
    made = {
        "pca": lambda: PCA(axes, random_state=seed),
        "svd": lambda: TruncatedSVD(axes, random_state=seed),
        "fa": lambda: FactorAnalysis(axes, random_state=seed),
        "kpca": lambda: KernelPCA(axes, kernel="rbf", random_state=seed),
    }
    return made[key]()


def _kept(values: Values, places: Values) -> float:
    """Share of the variance that a linear map from the axes brings back (R²)."""
    back = LinearRegression().fit(places, values).predict(places)
    whole = ((values - values.mean(axis=0)) ** 2).sum()
    return float(1 - ((values - back) ** 2).sum() / whole) if whole else 0.0


def detect(shared: Shared, key: str) -> Found:
    """Find the rows unlike the rest; scores are higher for stranger rows."""
    made = {
        "iforest": lambda: IsolationForest(contamination=STRANGE, random_state=shared.seed),
        "lof": lambda: LocalOutlierFactor(novelty=True, contamination=STRANGE),
        "mcd": lambda: EllipticEnvelope(contamination=STRANGE, random_state=shared.seed),
    }
    learner = made[key]().fit(shared.values)
    scores = -np.asarray(learner.decision_function(shared.values), dtype="float64")
    flagged = scores > 0
    spread = float(scores.std()) or 1.0
    apart = float(scores[flagged].mean() - scores[~flagged].mean()) if flagged.any() else 0.0
    facts = {"flagged": int(flagged.sum()), "share": STRANGE}
    metrics = {"separation": apart / spread}
    return Found(learner, {"contamination": STRANGE}, metrics, facts, scores=scores)


def agree(found: Mapping[str, Found]) -> None:
    """Give each detector its mean rank correlation (Spearman) with the other detectors."""
    for key, one in found.items():
        others = [o.scores for name, o in found.items() if name != key and o.scores is not None]
        ranks = [float(spearmanr(one.scores, other).statistic) for other in others]
        one.metrics["agreement"] = float(np.mean(ranks)) if ranks else 0.0
