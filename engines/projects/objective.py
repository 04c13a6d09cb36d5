"""The questionnaire: what a model is for, in the analyst's words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engines.core.errors import InvalidInput

LONGEST_ANSWER = 2_000


class Sensitivity(StrEnum):
    """How closely a column's values must be kept."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    PERSONAL = "personal"


@dataclass(frozen=True)
class Question:
    """One question of the questionnaire; `choices` is empty for a free answer."""

    key: str
    text: str
    help: str
    choices: tuple[str, ...] = ()


COSTS = ("unknown", "low", "medium", "high")
METRICS = (
    "let the platform suggest", "roc_auc", "average_precision", "f1", "accuracy", "recall",
    "precision", "log_loss", "rmse", "mae", "r2", "mape",
)  # fmt: skip

# What a policy computes the tier of risk from; unanswered, the cautious end of the scale counts.
AMOUNTS = (
    "unknown", "none", "below 1 million", "1 to 50 million", "50 million to 1 billion",
    "above 1 billion",
)  # fmt: skip
CUSTOMERS = (
    "unknown", "none", "below 1,000", "1,000 to 100,000", "100,000 to 1 million",
    "above 1 million",
)  # fmt: skip
PURPOSES = (
    "unknown", "exploration", "decision support", "automated decision", "risk management",
    "financial reporting", "regulatory capital",
)  # fmt: skip

QUESTIONS = (
    Question("predicts", "What is predicted?", "For example: will this customer leave?"),
    Question("audience", "For whom, and for which decision?", "Who acts on the answer, and how."),
    Question(
        "cost_wrong_yes", "How costly is a wrong yes?",
        "A false alarm: the model says yes, the truth is no.", COSTS,
    ),
    Question(
        "cost_wrong_no", "How costly is a wrong no?",
        "A miss: the model says no, the truth is yes.", COSTS,
    ),
    Question(
        "metric", "Which metric matters?",
        "The number by which candidates are compared. Unsure: leave the suggestion.", METRICS,
    ),
    Question(
        "protected_attributes", "Which columns are protected?",
        "Comma-separated, such as gender or age; they are watched for fairness.",
    ),
    Question("horizon", "How far ahead?", "The time between the prediction and the truth."),
    Question(
        "purpose", "What is the model used for?",
        "It counts towards the tier of risk, and so towards who has to approve.", PURPOSES,
    ),
    Question(
        "amount_at_stake", "Which amount rests on it?",
        "The balance or yearly volume it decides on, in the reporting currency.", AMOUNTS,
    ),
    Question(
        "customers_affected", "How many customers does it affect?",
        "People or firms about whom something is decided with it, in a year.", CUSTOMERS,
    ),
    Question(
        "vendor_model", "Does a vendor's model or score go in?",
        "For example a bought score among the columns.", ("unknown", "no", "yes"),
    ),
)  # fmt: skip


def checked(answers: dict[str, Any]) -> dict[str, str]:
    """The answers, trimmed, empty ones left out. Raises InvalidInput for an unknown or bad one."""
    known = {question.key: question for question in QUESTIONS}
    for key in answers:
        if key not in known:
            raise InvalidInput(f"The questionnaire has no question “{key}”.")
    cleaned = {key: str(value or "").strip() for key, value in answers.items()}
    for key, value in cleaned.items():
        _check_answer(known[key], value)
    return {key: value for key, value in cleaned.items() if value}


def _check_answer(question: Question, value: str) -> None:
    if question.choices and value and value not in question.choices:
        raise InvalidInput(
            f"“{value}” is no answer to “{question.text}”",
            hint=f"Choose one of: {', '.join(question.choices)}.",
        )
    if len(value) > LONGEST_ANSWER:
        raise InvalidInput(
            f"The answer to “{question.text}” is longer than {LONGEST_ANSWER:,} characters.",
            hint="Shorten it; details belong into the description.",
        )
