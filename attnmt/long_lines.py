"""Lines longer than a model can take: cut into parts, whose translations are joined."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from attnmt.analysis.record import Record
from attnmt.analysis.words import cut, join_sentences
from attnmt.sentences import SourceLine, bare, source_line
from attnmt.text.tokenizer import Tokenizer

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
    parts = []
    line = _Pieces(encoding.pieces, cut(text, encoding.spans))
    for first, last in _ranges(line, longest):
        part = encoding.part(first, last)
        begin = part.spans[0][0]
        shifted = part._replace(spans=[(a - begin, b - begin) for a, b in part.spans])
        source = "".join(line.texts[first:last])
        parts.append(source_line(number, source, shifted, [SPLIT]))
    return parts


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
            join_sentences(part.hypothesis for part in best if part.hypothesis),
            sum(part.score for part in best),
            sum(part.norm_score for part in best),
        )
    ]


class _Pieces(NamedTuple):
    """Each piece, and its text; of the bytes of a character only the last has one."""

    pieces: list[str]
    texts: list[str]

    def ends_sentence(self, place: int) -> bool:
        """Whether a sentence ends before the piece at a place."""
        before = self.texts[place - 1]
        ended = before.endswith(_SENTENCE_ENDS) and self.ends_word(place)
        return ended or before.endswith(_FULL_STOPS)

    def ends_word(self, place: int) -> bool:
        return place == len(self.pieces) or self.pieces[place].startswith(_SPACE)

    def ends_character(self, place: int) -> bool:
        return self.texts[place - 1] != ""


def _ranges(line: _Pieces, longest: int) -> Iterator[tuple[int, int]]:
    """The pieces [first, last) of each part."""
    first, count = 0, len(line.pieces)
    while first < count:
        last = _cut(line, first, min(first + longest, count))
        yield first, last
        first = last


def _cut(line: _Pieces, first: int, most: int) -> int:
    """The end of a sentence, else of the last word that fits, else of a character."""
    for place in range(min(first + _SHORTEST, most), most + 1):
        if line.ends_sentence(place):
            return place
    for fits in (line.ends_word, line.ends_character):
        for place in range(most, first, -1):
            if fits(place):
                return place
    return most
