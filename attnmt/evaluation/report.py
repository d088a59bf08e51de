"""What an evaluation found: a table to read and a JSON object to keep."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from attnmt import __version__
from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import AlignmentScore
from attnmt.evaluation.details import Details
from attnmt.evaluation.details_text import text as details_text
from attnmt.evaluation.inputs import HYPOTHESIS_FILE, SCORES_FILE
from attnmt.evaluation.metrics import Score
from attnmt.evaluation.significance import Interval
from attnmt.evaluation.table import aligned
from attnmt.text.lines import write_lines


@dataclass(frozen=True)
class Report:
    """The figures of a set of sentences and how they came about."""

    sentences: int
    scores: list[Score]
    alignment: AlignmentScore | None = None
    origin: dict[str, object] = field(default_factory=dict)
    details: Details | None = None

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
        if self.details is not None:
            content["details"] = self.details.json()
        text = json.dumps(content, indent=2, ensure_ascii=False)
        # The name of a file may be no text: what is none of it becomes a question mark.
        return text.encode("utf-8", "replace").decode()

    def table(self) -> str:
        """A line per figure: name, value, signature; BLEU is in percent, AER is not."""
        rows = [_score_row(score) for score in self.scores]
        columns = len(rows[0]) if rows else 3
        if columns > 3:
            rows.insert(0, _titles(columns))
        if self.alignment is not None:
            blank = [""] * (columns - 3)
            rows += [[*r[:2], *blank, r[2]] for r in _alignment_rows(self.alignment)]
        lines = aligned(rows, "<" + ">" * (columns - 2) + "<")
        lines += [f"{score.name}: {score.note}" for score in self.scores if score.note]
        if self.details is not None:
            lines += ["", details_text(self.details)]
        return "\n".join(lines)

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
    fields: dict[str, object] = {
        "value": score.value,
        "signature": score.signature,
        "text": score.text,
        "note": score.note,
    }
    if score.interval is not None:
        fields["interval"] = score.interval
    if score.versus is not None:
        fields["baseline"] = score.versus._asdict()
    return {name: value for name, value in fields.items() if value != ""}


def _score_row(score: Score) -> list[str]:
    row = [score.name, f"{score.value:6.2f}"]
    if score.interval is not None:
        row.append(_range(score.interval))
    if (versus := score.versus) is not None:
        row += [f"{versus.value:.2f}", _range(versus.interval)]
        row += [f"{p:.4f}" for p in (versus.p_bootstrap, versus.p_randomisation)]
    return [*row, score.signature]


def _titles(columns: int) -> list[str]:
    """Those of a table with intervals and, with so many columns, a baseline."""
    versus = ["baseline", "95 %", "p (bootstrap)", "p (randomisation)"]
    return ["", "", "95 %", *(versus if columns > 4 else []), ""]


def _range(interval: Interval) -> str:
    return f"{interval.low:.2f}–{interval.high:.2f}"


def _alignment_rows(found: AlignmentScore) -> list[list[str]]:
    counts = f"{found.links} links; gold: {found.sure} sure, {found.possible} possible"
    return [
        ["AER", f"{found.aer:6.3f}", counts],
        ["precision", f"{found.precision:6.3f}", ""],
        ["recall", f"{found.recall:6.3f}", ""],
    ]
