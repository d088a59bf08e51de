"""The training corpora as an epoch reads them."""

from collections.abc import Callable

from attnmt.config.schema import Config
from attnmt.errors import DataError
from attnmt.run import Run
from attnmt.text.encoded import EncodedCorpus, prepare_corpus
from attnmt.text.sampling import Sampler
from attnmt.text.tokenizer import Tokenizer

Corpora = list[EncodedCorpus]


def corpora_by_epoch(
    config: Config,
    run: Run,
    tokenizers: tuple[Tokenizer, Tokenizer],
    fixed: Corpora,
) -> Callable[[int], Corpora]:
    """A function from an epoch to its corpora: cut anew with tokenizer.sampling.

    They are a function of the seed, the epoch and the text, so that a resumed epoch
    is the same; without sampling they are always the `fixed` ones.
    """
    alpha, data = config.tokenizer.sampling, config.data
    if alpha == 0.0:
        return lambda _: fixed

    def drawn(epoch: int) -> Corpora:
        corpora = []
        for i, corpus in enumerate(data.train):
            source, target = (
                Sampler(tokenizer, alpha, (config.seed, epoch, i, side))
                for side, tokenizer in enumerate(tokenizers)
            )
            folder = run.encoded_dir / f"drawn.{i}"
            corpora.append(
                prepare_corpus(corpus, data, source, target, folder, data.max_length)
            )
        return corpora

    def of_epoch(epoch: int) -> Corpora:
        try:
            return drawn(epoch)
        except OSError as error:
            raise DataError(
                f"{run.encoded_dir}: the text of epoch {epoch} cannot be written: "
                f"{error.strerror}: make room, and the same command goes on from the "
                "last checkpoint"
            ) from error

    return of_epoch
