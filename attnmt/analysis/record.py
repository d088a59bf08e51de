"""What an attention dump keeps of one translation."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from attnmt.analysis.alignments import Link, Linking, LinkMethod, links_of, pharaoh
from attnmt.analysis.words import (
    Span,
    TargetPieces,
    cut,
    merge_words,
    piece_words,
    space_spans,
    word_shares,
    word_spans,
)

_JSON_NAMES = {
    "source": "src",
    "hypothesis": "hyp",
    "source_pieces": "src_pieces",
    "target_pieces": "tgt_pieces",
    "source_ids": "src_ids",
    "target_ids": "tgt_ids",
    "source_spans": "src_spans",
    "target_spans": "tgt_spans",
    "source_words": "src_words",
    "target_words": "tgt_words",
    "log_probs": "logp",
}
_PLACE = ("shape", "offset", "nbytes", "crc32")  # of the weights, in a line of a dump


class Record(BaseModel):
    """One hypothesis for one input line, with the attention that wrote it.

    All lists and both weight axes end with `</s>`, which has the span [n, n] at the
    end of its text (a hypothesis that is flagged "unfinished" lacks it); nothing is
    padded. A blank input line has no pieces at all. The words are those of
    `word_spans` unless others are given. Where `align_kind` is "slot" the
    columns of the weights are memory slots, as many as the model has, and say nothing
    of source tokens: there is no alignment. `extras` is what else the model told of
    each target piece, such as p_center, the middle of a local attention's window in
    source pieces from 0; each has a column of its own in a dump.
    """

    model_config = ConfigDict(
        frozen=True,
        arbitrary_types_allowed=True,
        alias_generator=lambda name: _JSON_NAMES.get(name, name),
        populate_by_name=True,
    )

    id: int = Field(ge=0)  # the input line, counted from 0
    rank: int = Field(0, ge=0)  # among the hypotheses for that line, best first
    n_best: int = Field(1, ge=1)  # how many hypotheses that line has
    source: str  # the raw line
    hypothesis: str  # detokenised
    score: float  # log-probability of the whole hypothesis
    norm_score: float  # the score that the hypotheses are ranked by
    source_pieces: list[str]
    target_pieces: list[str]
    source_ids: list[int]
    target_ids: list[int]
    source_spans: list[Span]  # bytes in `source`
    target_spans: list[Span]  # bytes in `hypothesis`
    log_probs: list[float]  # of each target piece
    flags: list[str] = []
    align_kind: Literal["token", "slot"] = "token"  # what a column of the weights is
    source_words: list[Span] = Field(default_factory=lambda x: word_spans(x["source"]))
    target_words: list[Span] = Field(
        default_factory=lambda x: word_spans(x["hypothesis"])
    )
    extras: dict[str, np.ndarray] = Field({}, exclude=True)  # [target, (head,) ...]
    weights: np.ndarray = Field(exclude=True)  # [layer, head, target, source]

    @field_validator("extras", mode="before")
    @classmethod
    def _are_numbers(cls, extras: Any) -> dict[str, np.ndarray]:
        try:
            return {str(n): np.asarray(x, np.float32) for n, x in extras.items()}
        except (AttributeError, TypeError, OverflowError) as error:
            raise ValueError(f"expected numbers for each name: {error}") from error

    @model_validator(mode="after")
    def _is_consistent(self) -> "Record":
        _check_side("source", self.source_spans, self.source)
        _check_side("target", self.target_spans, self.hypothesis)
        _check_words("source", self.source_words, self.source)
        _check_words("target", self.target_words, self.hypothesis)
        target, source = len(self.target_pieces), len(self.source_pieces)
        columns = self.weights.shape[-1] if self.align_kind == "slot" else source
        if not len(self.source_ids) == len(self.source_spans) == source:
            raise ValueError("source pieces, ids and spans differ in number")
        lengths = {len(self.target_ids), len(self.target_spans), len(self.log_probs)}
        if lengths != {target}:
            raise ValueError("target pieces, ids, spans and logp differ in number")
        if self.weights.ndim != 4 or self.weights.shape[2:] != (target, columns):
            raise ValueError(
                f"expected weights [layer, head, {target}, {columns}], as many as the "
                f"target and source pieces, found {list(self.weights.shape)}"
            )
        for name, extra in self.extras.items():
            if extra.shape[:1] != (target,) or not np.isfinite(extra).all():
                raise ValueError(f"{name}: expected finite numbers for {target} pieces")
        return self

    @property
    def text(self) -> str:
        """The hypothesis."""
        return self.hypothesis

    @property
    def alignment(self) -> list[Link]:
        """(source word, target word): where each target word was read from mostly."""
        return self.links("argmax")

    def links(self, method: LinkMethod) -> list[Link]:
        """(source word, target word) by one of the methods of `Linking`.

        Attention over memory slots links no words: there it is empty.
        """
        slots = self.align_kind == "slot"
        return [] if slots else links_of(self.word_weights(), Linking(method))

    @property
    def finished(self) -> bool:
        """Whether the last row of the weights is that of `</s>`."""
        return bool(self.target_pieces) and "unfinished" not in self.flags

    def word_weights(self, target_pieces: TargetPieces = "mean") -> np.ndarray:
        """Weights between words and `</s>`: [layer, head, target + 1, source + 1].

        Over memory slots: [layer, head, target + 1, slots].
        """
        rows = word_shares(self.target_spans, self.target_words)
        if self.align_kind == "slot":
            columns = np.eye(self.weights.shape[-1])
        else:
            columns = word_shares(self.source_spans, self.source_words)
        return merge_words(self.weights, columns, rows, target_pieces)

    def between_spaces(self) -> "Record":
        """The record with other words: what stands between spaces, in any script."""
        if not self.source_pieces:
            return self
        source, target = map(space_spans, (self.source, self.hypothesis))
        return self.model_copy(update={"source_words": source, "target_words": target})

    def to_json(self) -> dict[str, Any]:
        """The fields of a line of records.jsonl, all but the place of the weights."""
        source, target = self.source_words, self.target_words
        fields = self.model_dump(by_alias=True) | {
            "src_piece2word": piece_words(self.source_spans, source),
            "tgt_piece2word": piece_words(self.target_spans, target),
            "align": pharaoh(self.alignment),
        }
        if not self.extras:
            return fields
        if taken := self.extras.keys() & {"extras", *fields, *_PLACE}:
            raise ValueError(f"no extra can be called {', '.join(sorted(taken))}")
        columns = {name: extra.tolist() for name, extra in self.extras.items()}
        return fields | {"extras": list(columns)} | columns

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], weights: np.ndarray) -> "Record":
        """The record of a line and its weights; raises pydantic.ValidationError."""
        names = fields.get("extras", [])
        if isinstance(names, list):
            names = {str(name): fields.get(str(name)) for name in names}
        return cls.model_validate({**fields, "extras": names, "weights": weights})


def _check_side(side: str, spans: list[Span], text: str) -> None:
    size = len(text.encode())
    for begin, end in spans:
        if not 0 <= begin <= end <= size:
            raise ValueError(
                f"{side} span [{begin}, {end}] is outside of the {size} bytes of its "
                "text"
            )


def _check_words(side: str, words: list[Span], text: str) -> None:
    try:
        cut(text, words)
    except UnicodeDecodeError:
        raise ValueError(f"a {side} word begins or ends inside a character") from None
    bounds = [0, *(bound for word in words for bound in word), len(text.encode())]
    if bounds != sorted(bounds):
        raise ValueError(f"the {side} words are not one after the other in their text")
