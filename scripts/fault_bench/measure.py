"""What share of the planted faults the flags find, at what rate of false alarms."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attnmt.analysis.record import Record
from attnmt.analysis.statistics import statistics

from .faults import FAULTS, planted

Pair = tuple[str, str]  # source, target
Force = Callable[[list[str], list[str]], Iterable[Record]]
UNTOUCHED = "untouched"


def measured(force: Force, pairs: Sequence[Pair], seed: int) -> dict[str, Any]:
    """For each fault and the untouched translations the share that has each flag.

    `force` is Translator.force: it tells the attention to given translations.
    """
    shares = {UNTOUCHED: flag_shares(force, pairs)}
    for name in FAULTS:
        faulty = [
            (source, target)
            for number, (source, good) in enumerate(pairs)
            if (target := planted(name, source, good, f"{seed} {number}")) is not None
        ]
        shares[name] = flag_shares(force, faulty)
    return {
        "faults": {
            name: {
                "flag": fault.flag,
                "planted": shares[name]["lines"],
                "found": shares[name]["flags"].get(fault.flag, 0.0),
                "false_alarms": shares[UNTOUCHED]["flags"].get(fault.flag, 0.0),
            }
            for name, fault in FAULTS.items()
        },
        "flags": shares,
    }


def flag_shares(force: Force, pairs: Sequence[Pair]) -> dict[str, Any]:
    """How many lines there are, and the share of them that has each flag, or any."""
    counts: Counter[str] = Counter()
    for record in force([s for s, _ in pairs], [t for _, t in pairs]):
        found = statistics(record)
        flags = found.flags if found else []
        counts.update([*flags, "any"] if flags else [])
    lines = max(1, len(pairs))
    return {
        "lines": len(pairs),
        "flags": {flag: count / lines for flag, count in sorted(counts.items())},
    }


def table(result: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [
        f"{'fault':<10} {'flag':<13} {'planted':>7} {'found':>6} {'false alarms':>12}"
    ]
    for name, row in result["faults"].items():
        lines.append(
            f"{name:<10} {row['flag']:<13} {row['planted']:>7} {row['found']:>6.1%} "
            f"{row['false_alarms']:>12.1%}"
        )
    lines += ["", "share of the lines with a flag:"]
    for name, row in result["flags"].items():
        shares = (f"{flag} {share:.1%}" for flag, share in row["flags"].items())
        lines.append(f"{name:<10} {', '.join(shares) or 'none'}")
    return "\n".join(lines)
