"""The services of this process, built once."""

from functools import cache

from engines.core import settings
from engines.wiring import Services, build


@cache
def services() -> Services:
    """Everything the pages call on; stateless towards people, so one serves all."""
    return build(settings.load())
