"""Reads the text of the PDFs that Chromium writes, page by page."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>|\((?:\\.|[^\\)])*\)")
_MAPPED = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>(?: (?:<([0-9A-Fa-f]+)>|\[(.*?)\]))?")


def texts_of_pages(pdf: bytes) -> list[str]:
    """Return what stands on each page, in the order in which it was drawn.

    Only what Skia writes is understood: no object streams, fonts with glyph numbers and a `ToUnicode` map.
    """
    objects = {int(found[1]): found[2] for found in _OBJECT.finditer(pdf)}
    pages = [body for _, body in sorted(objects.items()) if re.search(rb"/Type\s*/Page\b", body)]
    return [_text(body, objects) for body in pages]


def _text(page: bytes, objects: dict[int, bytes]) -> str:
    fonts = {
        name: _meanings(objects[int(number)], objects)
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", page)
    }
    drawn = b"".join(_stream(objects[int(number)]) for number in re.findall(rb"/Contents (\d+) 0 R", page))
    text, font = "", {}
    for found in _SHOWN.finditer(drawn):
        if found[1]:
            font = fonts.get(found[1], {})
        elif found[2]:
            glyphs = found[2].decode()
            text += "".join(font.get(int(glyphs[i : i + 4], 16), "") for i in range(0, len(glyphs), 4))
    return text


def _meanings(font: bytes, objects: dict[int, bytes]) -> dict[int, str]:
    """Return the text of each glyph, by the font's map."""
    reference = re.search(rb"/ToUnicode (\d+) 0 R", font)
    meanings: dict[int, str] = {}
    if reference is None:
        return meanings
    table = _stream(objects[int(reference[1])])
    for kind, rows in re.findall(rb"beginbf(char|range)(.*?)endbf", table, re.DOTALL):
        for first, second, third, _ in _MAPPED.findall(rows):
            if kind == b"char":
                meanings[int(first, 16)] = _said(second)
            elif third:
                start = int(third, 16)
                for glyph in range(int(first, 16), int(second, 16) + 1):
                    meanings[glyph] = chr(start + glyph - int(first, 16))
    return meanings


def _said(code: bytes) -> str:
    return bytes.fromhex(code.decode()).decode("utf-16-be")


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if found is None:
        return b""
    return zlib.decompress(found[1]) if b"FlateDecode" in body else found[1]
