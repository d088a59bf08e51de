"""The BLEU of the Multi30k papers: lower-cased, normalised and Moses-tokenised text."""

from collections.abc import Iterable, Sequence

from attnmt.evaluation.metrics import Score, score

NAME = "lc.norm.tok BLEU"


def lc_norm_tok(lines: Iterable[str], lang: str) -> list[str]:
    """Lower-case, normalise the punctuation and Moses-tokenise, in that order.

    These switches turn the raw references of Multi30k into the published `tok/` files.
    """
    from sacremoses import MosesPunctNormalizer, MosesTokenizer

    normalizer, tokenizer = MosesPunctNormalizer(lang), MosesTokenizer(lang)
    return [
        " ".join(
            tokenizer.tokenize(
                normalizer.normalize(line.lower()),
                aggressive_dash_splits=False,
                escape=True,
            )
        )
        for line in lines
    ]


def literature_bleu(
    hypotheses: Sequence[str],
    references: Sequence[str],
    lang: str,
    *,
    published: bool,
    reference_name: str,
    resamples: int = 0,
    baseline: Sequence[str] | None = None,
) -> Score:
    """Score plain hypotheses as the Multi30k papers do.

    `published` references are lc.norm.tok text already; others take the same way as
    the hypotheses. The note of the score says which.
    """
    from importlib.metadata import version

    how = "as given" if published else "put through the same steps"
    bleu = score(
        lc_norm_tok(hypotheses, lang),
        references if published else lc_norm_tok(references, lang),
        metrics=["bleu"],
        tokenize="none",
        resamples=resamples,
        baseline=None if baseline is None else lc_norm_tok(baseline, lang),
    )[0]
    note = (
        f"lower-cased, normalised, tokenised by sacremoses {version('sacremoses')} "
        f"for {lang}; reference {reference_name} {how}"
    )
    return bleu._replace(name=NAME, note=note)
