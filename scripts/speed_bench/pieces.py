"""Text as pieces with blanks between them, for the toolkits that want it so."""

from collections.abc import Iterable
from pathlib import Path

from attnmt.text.lines import read_lines, write_lines
from attnmt.text.spm import load_processor


def vocabulary(tokenizer: Path) -> list[str]:
    """The pieces that text is made of, in the order of the model."""
    return list(read_lines(tokenizer.with_suffix(".vocab")))[4:]


def cut(text: Path, output: Path, tokenizer: Path) -> Path:
    """Cut a text into pieces with blanks between them; returns `output`."""
    output.parent.mkdir(parents=True, exist_ok=True)
    processor = load_processor(tokenizer.read_bytes())
    pieces = processor.encode(list(read_lines(text)), out_type=str)
    write_lines(output, map(" ".join, pieces))
    return output


def joined(lines: Iterable[str], tokenizer: Path) -> list[str]:
    """The text that lines of pieces are of."""
    processor = load_processor(tokenizer.read_bytes())
    return [processor.decode(line.split()) for line in lines]
