"""Experiments: what is asked, by whom, on which data, and how far it has come."""

from engines.projects.dictionary import dictionary, edit_dictionary, fill_dictionary
from engines.projects.experiments import (
    advance,
    archive,
    check_editable,
    create,
    get,
    restore,
    update,
)
from engines.projects.listing import ExperimentFilter, ExperimentPage, Title, find, titles
from engines.projects.models import DictionaryEntry, Experiment
from engines.projects.objective import QUESTIONS, Question, Sensitivity
from engines.projects.steps import Step, StepState, steps

__all__ = [
    "QUESTIONS",
    "DictionaryEntry",
    "Experiment",
    "ExperimentFilter",
    "ExperimentPage",
    "Question",
    "Sensitivity",
    "Step",
    "StepState",
    "Title",
    "advance",
    "archive",
    "check_editable",
    "create",
    "dictionary",
    "edit_dictionary",
    "fill_dictionary",
    "find",
    "get",
    "restore",
    "steps",
    "titles",
    "update",
]
