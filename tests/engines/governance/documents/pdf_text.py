"""The words of a PDF, read back through the tables that its fonts carry for copying text."""

import re
import zlib


def text_of(pdf: bytes) -> str:
    """Every shown string of every page, in the order it was written."""
    bodies = [m.group(2) for m in re.finditer(rb"(\d+) 0 obj(.*?)endobj", pdf, re.S)]
    streams = [_stream(body) for body in bodies if b"stream" in body]
    maps = [_letters(s) for s in streams if b"beginbfchar" in s or b"beginbfrange" in s]
    pages = [s for s in streams if b"BT" in s and b"Tf" in s]
    fonts = {f"F{n}".encode(): letters for n, letters in enumerate(maps, 1)}  # in this order
    return "\n".join(_shown(page, fonts) for page in pages)


def _stream(body: bytes) -> bytes:
    content = body.split(b"stream", 1)[1].strip(b"\r\n").rsplit(b"endstream", 1)[0]
    if b"FlateDecode" in body:
        return zlib.decompressobj().decompress(content)
    return content


def _letters(cmap: bytes) -> dict[int, str]:
    found = {}
    for code, letters in re.findall(rb"<([0-9A-Fa-f]{4})>\s+<([0-9A-Fa-f]+)>\r?\n", cmap):
        found[int(code, 16)] = bytes.fromhex(letters.decode()).decode("utf-16-be")
    return found


def _shown(page: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    words, letters = [], {}
    for found in re.finditer(rb"/(F\d+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\)", page, re.S):
        name, string = found.groups()
        if name:
            letters = fonts[name]
        else:
            raw = re.sub(rb"\\(.)", rb"\1", string.replace(rb"\r", b"\r"), flags=re.S)
            codes = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
            words.append("".join(letters.get(code, "?") for code in codes))
    return " ".join(word for word in words if word)
