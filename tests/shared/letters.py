"""A tokenizer that needs no model: every letter is a piece and a word."""

from attnmt.text.tokenizer import Encoding

LETTERS = "?z??abcdefgh"  # by id; the unknown piece is z


class Letters:
    """A tokenizer whose pieces are letters, each a word."""

    def encode_with_spans(self, line: str) -> Encoding:
        spans = [(i, i + 1) for i, letter in enumerate(line) if letter != " "]
        pieces = [line[begin:end] for begin, end in spans]
        return Encoding([LETTERS.index(piece) for piece in pieces], pieces, spans)

    def encode(self, lines: list[str]) -> list[list[int]]:
        return [self.encode_with_spans(line).ids for line in lines]

    def decode_with_spans(self, ids: list[int]) -> tuple[str, Encoding]:
        text = " ".join(LETTERS[i] for i in ids)
        return text, self.encode_with_spans(text)._replace(ids=ids)
