import os
from pathlib import Path

import pytest

from attnmt.evaluation.literature import lc_norm_tok, literature_bleu
from attnmt.text.lines import read_lines

ROOT = Path(__file__).parents[2]
CORPORA = Path(os.environ.get("ATTNMT_CORPORA", ROOT / "../shared/corpora"))
MULTI30K = CORPORA / "multi30k"
needs_multi30k = pytest.mark.skipif(
    not MULTI30K.is_dir(), reason=f"no {MULTI30K}: set ATTNMT_CORPORA"
)


@needs_multi30k
@pytest.mark.parametrize(("lang", "equal"), [("de", 1000), ("fr", 999)])
def test_published_references_come_out_of_the_raw_ones(lang: str, equal: int) -> None:
    raw = list(read_lines(MULTI30K / f"test_2016_flickr.{lang}"))
    published = list(read_lines(MULTI30K / f"tok/test_2016_flickr.lc.norm.tok.{lang}"))
    pairs = zip(lc_norm_tok(raw, lang), published, strict=True)
    assert sum(made == given for made, given in pairs) == equal


def test_text_is_lower_cased_normalised_tokenised_and_escaped() -> None:
    lines = ["Ein „T-Shirt“, z.B. rot.", "Tom & Ann's", ""]
    assert lc_norm_tok(lines, "de") == [
        "ein &quot; t-shirt &quot; , z.b. rot .",
        "tom &amp; ann &apos; s",
        "",
    ]


def test_the_note_tells_a_published_reference_from_a_made_one() -> None:
    hypotheses = ["Ein Hund läuft schnell.", "Zwei Männer, ein Tisch."]
    made = literature_bleu(
        hypotheses, hypotheses, "de", published=False, reference_name="test.de"
    )
    given = literature_bleu(
        hypotheses,
        ["ein hund läuft schnell .", "zwei männer , ein tisch ."],
        "de",
        published=True,
        reference_name="test.tok.de",
    )
    assert made.name == given.name == "lc.norm.tok BLEU"
    assert made.value == given.value == pytest.approx(100)
    assert "tok:none" in made.signature
    assert made.note.endswith("reference test.de put through the same steps")
    assert given.note.endswith("reference test.tok.de as given")


def test_a_published_reference_is_not_tokenised_again() -> None:
    bleu = literature_bleu(
        ["Tom & Ann gehen los."],
        ["tom &amp; ann gehen los ."],
        "de",
        published=True,
        reference_name="test.tok.de",
    )
    assert bleu.value == pytest.approx(100)
