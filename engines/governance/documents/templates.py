"""Document kinds and their sections: YAML and Jinja2 files that an organisation can replace."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import yaml
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, nodes
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engines.core.errors import InvalidInput, NotFound
from engines.governance.documents import wording
from engines.governance.documents.facts import NAMES, RECORD_NAMES

KINDS = (
    "model_development", "validation_report", "model_card", "data_sheet", "approval_record",
)  # fmt: skip
SHIPPED = Path(__file__).parent / "templates"
# What a template can do wrong beyond Jinja's own errors: all of them are faults of the file.
FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
FIX = "Correct the file, or delete it to use the one that MLAAS brings."


class SectionRule(BaseModel):
    """One section: drafted from `template`, answered by a person when `ask` holds a question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z][a-z_]{0,39}$")
    title: str = Field(min_length=1, max_length=120)
    ask: str = ""
    template: str = ""

    @property
    def needs_person(self) -> bool:
        """True when drafted text alone leaves the section open."""
        return bool(self.ask)

    @model_validator(mode="after")
    def has_a_source(self) -> "SectionRule":
        """Refuse a section that nothing would ever fill."""
        if not (self.ask or self.template):
            raise ValueError("a section needs a template, a question to ask, or both")
        return self


class Kind(BaseModel):
    """One kind of document, and who writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=120)
    about: str
    writer: Literal["maker", "validator", "record"]
    sections: tuple[SectionRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def keys_are_single(self) -> "Kind":
        """Refuse two sections of one key."""
        keys = [section.key for section in self.sections]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"the section key {min(twice)} is used twice")
        return self

    def section(self, key: str) -> SectionRule:
        """The section of that key. Raises NotFound."""
        found = next((each for each in self.sections if each.key == key), None)
        if found is None:
            raise NotFound(
                f"“{self.title}” has no section “{key}”.", hint="Choose one of its sections."
            )
        return found


@dataclass(frozen=True)
class Templates:
    """The kinds in use, and the environment that fills their templates."""

    kinds: Mapping[str, Kind]
    environment: ImmutableSandboxedEnvironment

    def kind(self, name: str) -> Kind:
        """The kind of that name. Raises NotFound."""
        if name not in self.kinds:
            raise NotFound(f"There is no kind of document “{name}”.", hint="Choose from the list.")
        return self.kinds[name]

    def draft(self, section: SectionRule, context: Mapping[str, Any]) -> str:
        """The section's text from the facts; empty when there is nothing to tell.

        Raises InvalidInput that names the template's file and line.
        """
        if not section.template:
            return ""
        try:
            text = self.environment.get_template(section.template).render(context)
        except FAULTS as fault:
            raise _refusal(section.template, _line(section.template, fault), fault) from fault
        return re.sub(r"\n{3,}", "\n\n", text).strip()


def load_templates(folder: Path | None = None) -> Templates:
    """The shipped kinds; a file of the same name in `folder` takes the shipped one's place.

    Every file is checked now. Raises InvalidInput that names file and line.
    """
    if folder is None:
        return _shipped()
    if not folder.is_dir():
        raise InvalidInput(
            f"The folder of document templates, {folder}, does not exist.",
            hint="Correct governance.templates in config.yaml, or leave it empty.",
        )
    return _checked([folder, SHIPPED])


@cache
def _shipped() -> Templates:
    return _checked([SHIPPED])


def _checked(folders: list[Path]) -> Templates:
    environment = _environment(folders)
    kinds = {name: _kind(folders, name) for name in KINDS}
    for name, kind in kinds.items():
        known = RECORD_NAMES if name == "approval_record" else NAMES
        for section in kind.sections:
            _check(environment, section.template, known)
    return Templates(kinds, environment)


def sections(kind: str, templates: Templates | None = None) -> tuple[SectionRule, ...]:
    """The sections of a kind, in order; of the shipped templates unless given. Raises NotFound."""
    return (templates or load_templates()).kind(kind).sections


def _environment(folders: list[Path]) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        finalize=wording.literal,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("bullets", "code", "paragraphs", "table", "unmarked"):
        made.filters[name] = getattr(wording, name)
    return made


def _kind(folders: list[Path], name: str) -> Kind:
    path = next(f / f"{name}.yaml" for f in folders if (f / f"{name}.yaml").exists())
    text = path.read_text("utf-8")
    try:
        return Kind.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise _refusal(path.name, line, ValueError(fault.problem or "not YAML")) from fault
    except ValidationError as fault:
        first = fault.errors()[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
        raise _refusal(path.name, _yaml_line(text, first["loc"]), ValueError(what)) from fault


def _yaml_line(text: str, place: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `place` that the file has."""
    node, line = yaml.compose(text, yaml.SafeLoader), 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == part]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
            continue
        line = node.start_mark.line + 1 if node else line
    return line


def _check(
    environment: ImmutableSandboxedEnvironment, template: str, known: frozenset[str]
) -> None:
    if not template:
        return
    try:
        source = environment.loader.get_source(environment, template)[0]  # type: ignore[union-attr]
        tree = environment.parse(source, template, template)
        asked = find_undeclared_variables(tree)
    except TemplateNotFound as fault:
        raise _refusal(template, 1, ValueError("the file is missing")) from fault
    except TemplateSyntaxError as fault:
        raise _refusal(template, fault.lineno, fault) from fault
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}
    for name in sorted(asked - known - own):
        used = min(n.lineno for n in tree.find_all(nodes.Name) if n.name == name)
        raise _refusal(template, used, ValueError(f"“{name}” is no fact of a model"))


def _line(template: str, fault: BaseException) -> int:
    """Where in the template the fault arose: Jinja keeps the template's lines in the traceback."""
    found = [f.tb_lineno for f in _frames(fault.__traceback__) if _is_of(f, template)]
    return found[-1] if found else 1


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback:
        yield traceback
        traceback = traceback.tb_next


def _is_of(frame: TracebackType, template: str) -> bool:
    return frame.tb_frame.f_code.co_filename.endswith(template)


def _refusal(name: str, line: int, fault: BaseException) -> InvalidInput:
    what = " ".join(str(fault).split()).rstrip(".")
    return InvalidInput(f"The template {name}, line {line}, cannot be used: {what}.", hint=FIX)
