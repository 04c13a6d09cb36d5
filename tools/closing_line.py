"""Print pytest's closing line for several runs together; fail when a run left no result."""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def closing_line(files: list[Path]) -> tuple[str, bool]:
    """The line, and whether everything passed. A missing file counts as an error."""
    counts: Counter[str] = Counter()
    seconds = 0.0
    for file in files:
        if not file.exists():
            counts["errors"] += 1
            continue
        suite = ElementTree.parse(file).getroot()[0]
        seconds += float(suite.get("time", 0))
        for key in ("tests", "failures", "errors", "skipped"):
            counts[key] += int(suite.get(key, 0))
    passed = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    parts = [(counts["failures"], "failed"), (passed, "passed"), (counts["skipped"], "skipped")]
    parts.append((counts["errors"], "errors"))
    words = ", ".join(f"{number} {word}" for number, word in parts if number > 0)
    good = passed > 0 and counts["failures"] + counts["errors"] + counts["skipped"] == 0
    return f" {words or 'nothing ran'} in {seconds:.2f}s ".center(80, "="), good


if __name__ == "__main__":
    line, good = closing_line([Path(name) for name in sys.argv[1:]])
    print(line)
    sys.exit(0 if good else 1)
