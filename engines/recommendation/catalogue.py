"""The algorithms advice may name: identifiers as the training engine and PyCaret know them."""

from dataclasses import dataclass
from enum import StrEnum

from engines.recommendation.advice import Task

_CLASSES = (Task.BINARY, Task.MULTICLASS)
_AMOUNTS = (Task.REGRESSION, Task.TIME_SERIES)
_SUPERVISED = (*_CLASSES, *_AMOUNTS)


class Family(StrEnum):
    """Algorithms that suit the same kind of table."""

    LINEAR = "linear"
    SPARSE_LINEAR = "sparse linear"
    BOOSTING = "boosting"
    FOREST = "forest"
    TREE = "tree"
    NEIGHBOURS = "neighbours"
    NETWORK = "network"
    BAYES = "bayes"
    DISCRIMINANT = "discriminant"
    CENTRES = "centres"
    DENSITY = "density"
    HIERARCHY = "hierarchy"
    COMPONENTS = "components"
    ISOLATION = "isolation"


@dataclass(frozen=True)
class Entry:
    """One algorithm. `effort` is its rough cost in seconds per million cells on one core."""

    id: str
    name: str
    family: Family
    tasks: tuple[Task, ...]
    effort: float
    interpretable: bool = False
    quadratic: bool = False  # the cost grows with the square of the rows
    standing: float = 0.0  # against its family
    about: str = ""  # what sets it apart, where the family's words are not enough


F = Family
ENTRIES = (
    Entry("lightgbm", "LightGBM", F.BOOSTING, _SUPERVISED, 1.0,
          about="Boosted trees, the fastest of their kind and most often among the strongest"),
    Entry("xgboost", "XGBoost", F.BOOSTING, _SUPERVISED, 1.5,
          about="Boosted trees with strong restraint against learning noise"),
    Entry("gbc", "Gradient boosting", F.BOOSTING, _CLASSES, 15.0,
          about="Boosted trees grown exactly, hence slowly"),
    Entry("gbr", "Gradient boosting", F.BOOSTING, _AMOUNTS, 15.0,
          about="Boosted trees grown exactly, hence slowly"),
    Entry("ada", "AdaBoost", F.BOOSTING, _SUPERVISED, 5.0, standing=-0.2,
          about="Small trees that dwell on the rows got wrong, mislabelled ones included"),
    Entry("rf", "Random forest", F.FOREST, _SUPERVISED, 5.0),
    Entry("et", "Extra trees", F.FOREST, _SUPERVISED, 3.5,
          about="Many trees with random cuts that vote, quicker than a random forest"),
    Entry("lr", "Logistic regression", F.LINEAR, _CLASSES, 1.0, interpretable=True),
    Entry("lr", "Linear regression", F.LINEAR, _AMOUNTS, 0.2, True, standing=-0.02),
    Entry("ridge", "Ridge", F.LINEAR, _CLASSES, 0.2, interpretable=True, standing=-0.05),
    Entry("ridge", "Ridge", F.LINEAR, _AMOUNTS, 0.2, interpretable=True),
    Entry("lasso", "Lasso", F.SPARSE_LINEAR, _AMOUNTS, 0.5, interpretable=True),
    Entry("en", "Elastic net", F.SPARSE_LINEAR, _AMOUNTS, 0.5, interpretable=True),
    Entry("br", "Bayesian ridge", F.LINEAR, _AMOUNTS, 0.4, True, standing=-0.05,
          about="A straight model that also chooses its own restraint"),
    Entry("huber", "Huber regression", F.LINEAR, _AMOUNTS, 1.0, True, standing=-0.05,
          about="A straight model that extreme targets cannot drag away"),
    Entry("lda", "Linear discriminant", F.DISCRIMINANT, _CLASSES, 0.5, interpretable=True),
    Entry("qda", "Quadratic discriminant", F.DISCRIMINANT, _CLASSES, 0.5,
          about="Draws one curved boundary between the classes"),
    Entry("nb", "Naive Bayes", F.BAYES, _CLASSES, 0.1, interpretable=True),
    Entry("dt", "Decision tree", F.TREE, _SUPERVISED, 0.3, interpretable=True),
    Entry("knn", "Nearest neighbours", F.NEIGHBOURS, _SUPERVISED, 4.0),
    Entry("mlp", "Neural network", F.NETWORK, _SUPERVISED, 12.0),
    Entry("kmeans", "K-means", F.CENTRES, (Task.CLUSTERING,), 0.5, interpretable=True),
    Entry("birch", "BIRCH", F.CENTRES, (Task.CLUSTERING,), 1.0,
          about="Sums rows up in a tree first, so it scales"),
    Entry("gmm", "Gaussian mixture", F.CENTRES, (Task.CLUSTERING,), 1.0,
          about="Groups as overlapping clouds, with a probability for each row"),
    Entry("hclust", "Agglomerative", F.HIERARCHY, (Task.CLUSTERING,), 4.0, quadratic=True),
    Entry("dbscan", "DBSCAN", F.DENSITY, (Task.CLUSTERING,), 3.0, quadratic=True,
          about="Groups where rows lie close, of any shape; needs one distance to fit all"),
    Entry("hdbscan", "HDBSCAN", F.DENSITY, (Task.CLUSTERING,), 3.0, quadratic=True,
          about="Groups where rows lie close, of any shape and density; odd rows stay out"),
    Entry("pca", "Principal components", F.COMPONENTS, (Task.REDUCTION,), 0.1, True),
    Entry("svd", "Truncated SVD", F.COMPONENTS, (Task.REDUCTION,), 0.1, True,
          about="Like principal components without centring, so it suits sparse tables"),
    Entry("fa", "Factor analysis", F.COMPONENTS, (Task.REDUCTION,), 1.0, True,
          about="Explains columns by a few hidden causes, each column with noise of its own"),
    Entry("kpca", "Kernel components", F.COMPONENTS, (Task.REDUCTION,), 4.0, quadratic=True,
          about="Axes that may bend"),
    Entry("iforest", "Isolation forest", F.ISOLATION, (Task.ANOMALY,), 1.0),
    Entry("lof", "Local outlier factor", F.NEIGHBOURS, (Task.ANOMALY,), 4.0, quadratic=True,
          about="Marks rows in thinner surroundings than their neighbours"),
    Entry("mcd", "Robust covariance", F.COMPONENTS, (Task.ANOMALY,), 2.0,
          about="Marks rows far from the bulk, correlations considered; expects one cloud"),
)  # fmt: skip


def entries(task: Task) -> tuple[Entry, ...]:
    """The algorithms that serve the task."""
    return tuple(entry for entry in ENTRIES if task in entry.tasks)
