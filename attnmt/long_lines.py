"""Lines longer than a model can take: cut into parts, whose translations are joined."""

from collections.abc import Iterator, Sequence

from attnmt.analysis.record import Record
from attnmt.sentences import SourceLine, bare, source_line
from attnmt.text.tokenizer import Encoding, Tokenizer

SPLIT = "split"
_SENTENCE_ENDS = tuple(".!?…")  # where a space follows
_FULL_STOPS = tuple("。！？।۔")  # where none has to
_SPACE = "▁"
_SHORTEST = 16  # pieces: sentences that are shorter share a part


def read_parts(
    tokenizer: Tokenizer, number: int, text: str, longest: int
) -> list[SourceLine]:
    """A line as the only part of itself, or parts of at most `longest` pieces each.

    Models learn sentences: a part is about one of them, where their ends are told.
    Parts are flagged "split"; their texts, one after the other, are the line.
    """
    encoding = tokenizer.encode_with_spans(text)
    if len(encoding.ids) <= longest:
        return [source_line(number, text, encoding)]
    raw = text.encode()
    parts = []
    for first, last in _ranges(encoding, longest):
        part = encoding.part(first, last)
        begin, end = part.spans[0][0], part.spans[-1][1]
        shifted = part._replace(spans=[(a - begin, b - begin) for a, b in part.spans])
        parts.append(source_line(number, raw[begin:end].decode(), shifted, [SPLIT]))
    return parts


def without_attention(part: Record) -> Record:
    """The translation of a part: the weights of all parts would fill the memory."""
    return bare(
        part.id,
        part.source,
        part.align_kind,
        part.flags,
        part.hypothesis,
        part.score,
        part.norm_score,
    )


def joined(parts: Sequence[list[Record]]) -> list[Record]:
    """The translations of a line from those of its parts; scores are added up."""
    if len(parts) == 1:
        return parts[0]
    best = [translations[0] for translations in parts]
    return [
        bare(
            best[0].id,
            "".join(part.source for part in best),
            best[0].align_kind,
            list(dict.fromkeys(flag for part in best for flag in part.flags)),
            " ".join(part.hypothesis for part in best if part.hypothesis),
            sum(part.score for part in best),
            sum(part.norm_score for part in best),
        )
    ]


def _ranges(encoding: Encoding, longest: int) -> Iterator[tuple[int, int]]:
    """The pieces [first, last) of each part."""
    first, count = 0, len(encoding.ids)
    while first < count:
        last = _cut(encoding, first, min(first + longest, count))
        yield first, last
        first = last


def _cut(encoding: Encoding, first: int, most: int) -> int:
    """The end of a sentence, else of the last word that fits, else of a character."""
    for place in range(min(first + _SHORTEST, most), most + 1):
        if _ends_sentence(encoding, place):
            return place
    for fits in (_ends_word, _ends_character):
        for place in range(most, first, -1):
            if fits(encoding, place):
                return place
    return most


def _ends_sentence(encoding: Encoding, place: int) -> bool:
    before = encoding.pieces[place - 1]
    ended = before.endswith(_SENTENCE_ENDS) and _ends_word(encoding, place)
    return ended or before.endswith(_FULL_STOPS)


def _ends_word(encoding: Encoding, place: int) -> bool:
    pieces = encoding.pieces
    return place == len(pieces) or pieces[place].startswith(_SPACE)


def _ends_character(encoding: Encoding, place: int) -> bool:
    """Of the bytes that spell a character only the last one has a span."""
    begin, end = encoding.spans[place - 1]
    return begin < end
