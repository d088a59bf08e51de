"""`attnmt shortlist`."""

import sys

from attnmt.cli.translating import RunOption


def shortlist(run: RunOption = None) -> None:
    """Learn how each source piece is translated, for quicker searches (--shortlist).

    IBM model 1 reads the training text of the run. `attnmt translate --shortlist N`
    then computes the output layer only for the N most probable translations of each
    source piece in a batch, the piece itself, and the 1,000 most frequent pieces. The
    larger the vocabulary and the smaller the batch, the more it saves. Scores are of
    these pieces alone, and what a line becomes can depend on the others in its batch.
    """
    from attnmt.errors import ConfigError
    from attnmt.run import Run, find_run
    from attnmt.shortlist import write_shortlist

    folder = Run(find_run(run))
    if folder.is_export:
        raise ConfigError(
            f"--run {folder.path}: expected the run itself: learn its shortlist, then "
            "export it again"
        )
    found = write_shortlist(folder)
    pieces = f"{len(found.always)} frequent target pieces"
    print(f"{pieces}, {len(found.likely)} source pieces", file=sys.stderr)
    print(f"written: {folder.shortlist_dir}", file=sys.stderr)
