"""The release as an installable wheel: `from mlaas_model_<name> import predict`.

Source: Binary Distribution Format 1.0 (PEP 427), Core Metadata 2.1.
"""

from collections.abc import Mapping
from pathlib import Path

from engines.artifacts.archives import write_wheel
from engines.artifacts.dependencies import pins_of

INSIDE = ("model.skops", "model.json", "forecast.json")
PREDICT = '''"""The model {name}, release {version}."""

import json
from typing import Any

import pandas as pd

from {module} import _script

__version__ = "{version}"
CARD: dict[str, Any] = json.loads((_script.HERE / "model.json").read_text(encoding="utf-8"))

'''
ROWS = '''
def predict(frame: pd.DataFrame) -> pd.DataFrame:
    """The model's answers in front of the rows. Raises ValueError for rows it cannot use."""
    return _script.ask(CARD, frame)
'''
STEPS = '''
def predict(
    steps: int, history: pd.DataFrame | None = None, future: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The forecast of the next steps. Raises ValueError for a history it cannot use."""
    stored = json.loads((_script.HERE / "forecast.json").read_text(encoding="utf-8"))
    return _script.forecast(_script.stored_model(), CARD, stored, steps, future, history)
'''
ABOUT = """Metadata-Version: 2.1
Name: {distribution}
Version: {version}
Summary: The model {name}, ready to be asked.
Requires-Python: >=3.11,<3.12
{needs}"""
FORM = """Wheel-Version: 1.0
Generator: mlaas
Root-Is-Purelib: true
Tag: py3-none-any
"""


def module_name(name: str) -> str:
    """The package a release is imported as."""
    return f"mlaas_model_{name.replace('-', '_')}"


def wheel_name(name: str, version: str) -> str:
    """The file name of a release's wheel."""
    return f"{module_name(name)}-{version}-py3-none-any.whl"


def build_wheel(target: Path, name: str, version: str, files: Mapping[str, Path]) -> None:
    """Write the wheel of a bundle's files; the same files give the same bytes."""
    module = module_name(name)
    about = f"{module}-{version}.dist-info"
    body = STEPS if "forecast.json" in files else ROWS
    packed = {f"{module}/{inside}": files[inside] for inside in INSIDE if inside in files}
    packed[f"{module}/_script.py"] = files["predict.py"]
    pins = pins_of(files["requirements.txt"].read_text("utf-8"))
    needs = "".join(f"Requires-Dist: {one}=={pin}\n" for one, pin in sorted(pins.items()))
    told = ABOUT.format(distribution=module, version=version, name=name, needs=needs)
    head = PREDICT.format(name=name, version=version, module=module)
    texts = {
        f"{module}/__init__.py": head + body,
        f"{about}/METADATA": told,
        f"{about}/WHEEL": FORM,
        f"{about}/top_level.txt": f"{module}\n",
    }
    write_wheel(target, packed, texts, f"{about}/RECORD")
