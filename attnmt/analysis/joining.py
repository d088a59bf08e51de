"""Text from the tokens of other tools, with the bytes that each token stands for."""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

from attnmt.analysis.words import Span, space_spans, word_spans
from attnmt.errors import DataError

Subwords = Literal["none", "sentencepiece", "bpe"]
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")  # a piece for one byte of UTF-8


class Joined(NamedTuple):
    """A text; a span may begin with the space before its token."""

    text: str
    spans: list[Span]  # of each token
    words: list[Span]


def join(tokens: Sequence[str], subwords: Subwords) -> Joined:
    """The text of tokens that are whole words, or pieces as two tools mark them.

    sentencepiece: ▁ stands for a space, <0xE2> for a byte. bpe: a token that ends in @@
    goes on in the next. Raises DataError for bytes that are no UTF-8.
    """
    if subwords == "sentencepiece":
        return _join_sentencepiece(tokens)
    parts = (
        [token.removesuffix("@@") for token in tokens] if subwords == "bpe" else tokens
    )
    glued = [part != token for part, token in zip(parts, tokens, strict=True)]
    gaps = ["", *("" if joint else " " for joint in glued)]
    spelled = [gap + part for gap, part in zip(gaps, parts, strict=False)]
    text = "".join(spelled)
    spans = _tiles([len(part.encode()) for part in spelled])
    return Joined(text, spans, space_spans(text))


def _join_sentencepiece(tokens: Sequence[str]) -> Joined:
    raw = [_spelled(token) for token in tokens]
    if raw and raw[0].startswith(b" "):  # it stands before every sentence
        raw[0] = raw[0][1:]
    try:
        text = b"".join(raw).decode()
    except UnicodeDecodeError as error:
        raise DataError(f"the pieces spell bytes that are no UTF-8: {error}") from error
    return Joined(text, _tiles([len(part) for part in raw]), word_spans(text))


def _spelled(piece: str) -> bytes:
    byte = _BYTE.fullmatch(piece)
    return bytes([int(byte[1], 16)]) if byte else piece.replace("▁", " ").encode()


def _tiles(sizes: Sequence[int]) -> list[Span]:
    return list(pairwise(accumulate(sizes, initial=0)))
