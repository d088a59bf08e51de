"""The table of an ablation in Markdown."""

from typing import Any

from .rows import ROWS

HEAD = ("without", "BLEU (95 %)", "difference", "p", "chrF", "parameters")


def table(results: dict[str, dict[str, Any]]) -> str:
    """A row for each that is there, in the order of `ROWS`."""
    found = [(row.title, results[row.name]) for row in ROWS if row.name in results]
    rows = [[title, *_cells(result)] for title, result in found]
    rule = ["---", *["---:"] * (len(HEAD) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (HEAD, rule, *rows))


def _cells(result: dict[str, Any]) -> list[str]:
    bleu, chrf = (result["metrics"][name] for name in ("BLEU", "chrF2"))
    low, high = bleu["interval"]
    difference = p = ""
    if beside := bleu.get("baseline"):
        difference = f"{bleu['value'] - beside['value']:+.1f}"
        p = f"{beside['p_bootstrap']:.3f}"
    return [
        f"{bleu['value']:.1f} ({low:.1f}–{high:.1f})",
        difference,
        p,
        f"{chrf['value']:.1f}",
        f"{result['parameters'] / 1e6:.1f} M",
    ]
