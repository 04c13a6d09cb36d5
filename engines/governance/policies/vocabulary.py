"""The words a policy may use: roles, facts, characteristics, and what its surroundings name."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from engines.core.access import MATRIX, Capability, Role

# The metrics that training measures, with their titles on the Results page; a test holds both.
METRICS: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": "Accuracy", "agreement": "Rank agreement with the other detectors",
        "average_precision": "Average precision", "balanced_accuracy": "Balanced accuracy",
        "brier": "Brier score", "calinski_harabasz": "Calinski-Harabasz",
        "davies_bouldin": "Davies-Bouldin",
        "explained_variance": "Variance explained by two components",
        "f1": "F1 (positive class)", "f1_macro": "F1 (macro)", "log_loss": "Log loss",
        "mae": "MAE", "mape": "MAPE", "mase": "MASE", "mcc": "Matthews correlation",
        "precision": "Precision", "r2": "R²", "recall": "Recall", "rmse": "RMSE",
        "rmsle": "RMSLE", "roc_auc": "ROC AUC", "roc_auc_ovr": "ROC AUC (one against rest)",
        "separation": "Separation of the flagged rows", "silhouette": "Silhouette",
        "trustworthiness": "Trustworthiness of neighbourhoods",
    }
)  # fmt: skip

# Facts a check may ask for, with the words a reader sees; <metric> stands for each of METRICS.
FACTS: Mapping[str, str] = MappingProxyType(
    {
        "holdout.<metric>": "{metric} on the hold-out",
        "validation.<metric>": "{metric} in validation",
        "gap.<metric>": "gap between validation and hold-out in {metric}",
        "stability.<metric>_spread": "spread of {metric} between segments",
        "fairness.selection_rate_difference": "difference in selection rate between groups",
        "fairness.equal_opportunity_difference": "difference in true positive rate between groups",
        "drift.psi_max": "largest population stability index",
        "drift.psi_max_period": "largest population stability index of a period",
        "documents.missing": "documents or sections not written",
        "dependencies.vulnerabilities": "known vulnerabilities of the libraries",
        "dependencies.licences_unknown": "libraries without a known licence",
        "scan.model_files": "result of the scan of the model files",
        "explanation.additivity_gap": "largest gap between explanation and prediction",
        "rows.train": "rows trained on",
        "beats.baseline": "better than the baseline",
    }
)
TEXT_FACTS = frozenset({"scan.model_files"})
FLAG_FACTS = frozenset({"beats.baseline"})
# Facts that some models cannot have: only of these a check takes “not applicable” for an answer.
CONDITIONAL_FACTS = frozenset({"drift.psi_max_period"})

TASKS = (
    "binary", "multiclass", "regression", "time_series", "clustering",
    "dimensionality_reduction", "anomaly",
)  # fmt: skip
FAMILIES = (
    "linear", "tree", "boosting", "forest", "neural", "neighbours", "bayes", "kernel", "blend",
    "series", "other",
)  # fmt: skip
NUMBER, FLAG, TEXT = "number", "flag", "text"
# What may decide which requirements apply; a tuple lists the choices there are.
CHARACTERISTICS: Mapping[str, str | tuple[str, ...]] = MappingProxyType(
    {
        "task": TASKS,
        "algorithm": TEXT,
        "algorithm_family": FAMILIES,
        "rows": NUMBER,
        "columns": NUMBER,
        "protected_attributes": NUMBER,
        "protected_attributes_used": FLAG,
        "personal_data": FLAG,
        "anonymised": FLAG,
        "vendor_model": ("unknown", "no", "yes"),
    }
)


@dataclass(frozen=True)
class Vocabulary:
    """What a policy's surroundings name: question -> choices (none: free), document -> sections."""

    questions: Mapping[str, Sequence[str]]
    documents: Mapping[str, Collection[str]]


def voting_roles() -> tuple[str, ...]:
    """The roles that may vote at all, by the matrix of roles."""
    return tuple(role.value for role in Role if Capability.APPROVAL_VOTE in MATRIX[role])


def fact_names() -> tuple[str, ...]:
    """Every fact by its full name."""
    return tuple(
        name.replace("<metric>", metric)
        for name in FACTS
        for metric in (METRICS if "<metric>" in name else ("",))
    )


def fact_words(name: str) -> str:
    """What the fact is, in words; its name when it is not known."""
    if name in FACTS:
        return FACTS[name]
    for pattern, words in FACTS.items():
        shape = re.escape(pattern).replace("<metric>", "(?P<metric>[a-z0-9_]+?)")
        if "<metric>" in pattern and (match := re.fullmatch(shape, name)):
            measured = match["metric"]
            return words.format(metric=METRICS.get(measured, measured.replace("_", " ")))
    return name


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The repair for a word that is not known: the nearest one, else all there are."""
    names = sorted(known)
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(word).lower(), list(lowered), n=1, cutoff=0.6)
    if near:
        return f"Did you mean “{lowered[near[0]]}”?"
    return f"Choose one of: {', '.join(names)}." if names else "Nothing can stand here."
