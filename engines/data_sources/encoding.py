"""Which characters the bytes of a text file stand for."""

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

from engines.data_sources.files import SAMPLE_BYTES, wide_encoding
from engines.data_sources.sql import disk_errors, wrong_encoding

BLOCK = 8 * 1024**2
ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "iso8859-15"),
    *("cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "shift_jis", "euc_jp"),
    *("gb18030", "big5", "euc_kr", "cp437", "mac_roman"),
)
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WESTERN = frozenset(
    "äöüÄÖÜßàâæçéèêëîïôœùûÿÀÂÆÇÉÈÊËÎÏÔŒÙÛáíóúñÁÍÓÚÑ¿¡ãõÃÕåøÅØ€£°§µ²³«»–—‘’“”…·´½©®\xa0"
)
_EAST = ("cp1250", "cp1251", "cp1253", "cp1254", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr")


def detect_encoding(path: Path) -> tuple[str, bool]:
    """The encoding of a text file, and whether it begins with a byte-order mark."""
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding, True
    if wide := wide_encoding(head):
        return wide, False
    foreign = _first_foreign_block(path)
    return (_legacy(foreign) if foreign else "utf-8"), False


def _first_foreign_block(path: Path) -> bytes:
    """Lines of the first block that is not UTF-8, or nothing when the whole file is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return _foreign_lines(block)
    return b""


def _foreign_lines(block: bytes) -> bytes:
    lines = (line for line in block.splitlines() if not line.isascii())
    return b"\n".join(lines)[:SAMPLE_BYTES]


def _legacy(sample: bytes) -> str:
    # Short Western samples mislead the statistics, so Windows-1252 goes first when it fits.
    western = sample.decode("cp1252", errors="replace")
    if all(c.isascii() or c in _WESTERN for c in western):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=[*_EAST, "cp1252"]).best()
    return _ours(best.encoding) if best else "latin-1"


def _ours(encoding: str) -> str:
    """Our spelling of a codec's name."""
    wanted = codecs.lookup(encoding).name
    return next((e for e in ENCODINGS if codecs.lookup(e).name == wanted), encoding)


def transcode(source: Path, encoding: str, target: Path) -> None:
    """Write the text as UTF-8, block by block. Raises InvalidInput with the line at fault."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with disk_errors(), source.open("rb") as file, target.open("wb") as out:
        while block := file.read(BLOCK):
            try:
                decoded = decoder.decode(block)
            except UnicodeDecodeError as error:
                raise wrong_encoding(lines + block[: error.start].count(b"\n")) from error
            lines += decoded.count("\n")
            out.write(decoded.encode())
