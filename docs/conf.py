"""How Sphinx builds the documentation; `make docs` treats every warning as an error."""

import importlib
import inspect
import logging
import sys
from pathlib import Path

from sqlmodel import SQLModel

sys.path.insert(0, str(Path(__file__).parents[1]))

logging.getLogger("alembic").setLevel(logging.WARNING)  # a library logs to the screen on import

# autodoc imports with TYPE_CHECKING switched on, which pydantic cannot stand; so they come first.
ROOT = Path(__file__).parents[1]
for module in sorted((ROOT / "docs" / "engines").glob("[!i]*.md")):
    importlib.import_module(f"engines.{module.stem}")
for tables in sorted((ROOT / "engines").rglob("models.py")):
    importlib.import_module(".".join(tables.relative_to(ROOT).with_suffix("").parts))

# A table's fields are database columns, which have no text form as default values.
for table in SQLModel.__subclasses__():
    type.__setattr__(table, "__signature__", inspect.Signature())

project = "MLAAS"
author = "the MLAAS project"
copyright = "the MLAAS project"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = "MLAAS"
html_static_path: list[str] = []

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
