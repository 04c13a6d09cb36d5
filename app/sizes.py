"""Sizes of files in words."""

STEP, UNITS = 1000, ("kB", "MB", "GB", "TB")


def file_size(size: int) -> str:
    """Bytes in the largest decimal unit that leaves a number of at least one: 977.5 kB, 2.1 GB."""
    if size < STEP:
        return f"{size} bytes"
    number, unit = size / STEP, UNITS[0]
    for larger in UNITS[1:]:
        if round(number, 1) < STEP:
            break
        number, unit = number / STEP, larger
    return f"{number:,.1f} {unit}"
