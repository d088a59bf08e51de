"""What an evaluation found: a table to read and a JSON object to keep."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from attnmt import __version__
from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import AlignmentScore
from attnmt.evaluation.metrics import Score
from attnmt.text.lines import write_lines

HYPOTHESIS_FILE = "hypothesis.txt"
SCORES_FILE = "scores.json"


@dataclass(frozen=True)
class Report:
    """The figures of a set of sentences and how they came about."""

    sentences: int
    scores: list[Score]
    alignment: AlignmentScore | None = None
    origin: dict[str, object] = field(default_factory=dict)

    def json(self) -> str:
        """All of it as an indented JSON object."""
        content: dict[str, object] = {
            "attnmt": __version__,
            "sentences": self.sentences,
            **self.origin,
            "metrics": {score.name: _score_json(score) for score in self.scores},
        }
        if self.alignment is not None:
            content["word_alignment"] = self.alignment._asdict()
        return json.dumps(content, indent=2, ensure_ascii=False)

    def table(self) -> str:
        """A line per figure: name, value, signature; BLEU is in percent, AER is not."""
        rows = [(s.name, f"{s.value:.2f}", s.signature) for s in self.scores]
        if self.alignment is not None:
            rows += _alignment_rows(self.alignment)
        name_width = max(len(name) for name, _, _ in rows)
        lines = [
            f"{name:<{name_width}}  {value:>6}  {signature}".rstrip()
            for name, value, signature in rows
        ]
        notes = [f"{score.name}: {score.note}" for score in self.scores if score.note]
        return "\n".join(lines + notes)

    def write(self, folder: Path, hypotheses: Iterable[str]) -> None:
        """Write hypotheses and scores; scores.json always belongs to hypothesis.txt.

        Raises DataError when the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / SCORES_FILE).unlink(missing_ok=True)
            write_lines(folder / HYPOTHESIS_FILE, hypotheses)
            write_lines(folder / SCORES_FILE, [self.json()])
        except OSError as error:
            raise DataError(f"{folder}: cannot be written: {error.strerror}") from error


def _score_json(score: Score) -> dict[str, object]:
    fields = {
        "value": score.value,
        "signature": score.signature,
        "text": score.text,
        "note": score.note,
    }
    return {name: value for name, value in fields.items() if value != ""}


def _alignment_rows(found: AlignmentScore) -> list[tuple[str, str, str]]:
    counts = f"{found.links} links; gold: {found.sure} sure, {found.possible} possible"
    return [
        ("AER", f"{found.aer:.3f}", counts),
        ("precision", f"{found.precision:.3f}", ""),
        ("recall", f"{found.recall:.3f}", ""),
    ]
