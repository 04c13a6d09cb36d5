"""A model's name: read, written, and refused when it would lead elsewhere."""

import pytest

from engines.core.errors import InvalidInput
from engines.core.model_ref import ModelRef


def test_parse_and_text_agree() -> None:
    assert ModelRef.parse("3f2a/regression") == ModelRef("3f2a", "regression")
    assert str(ModelRef("3f2a", "regression")) == "3f2a/regression"


@pytest.mark.parametrize("text", ["", "3f2a", "3f2a/", "/regression", "a/b/c", "../x", "a/../b"])
def test_parse_of_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="names no model"):
        ModelRef.parse(text)
