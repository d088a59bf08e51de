"""Text cut into other pieces each time: BPE dropout and subword regularisation."""

from collections.abc import Sequence

import numpy as np

from attnmt.errors import ConfigError
from attnmt.text.tokenizer import Tokenizer


class Sampler:
    """Cuts as a tokenizer may, where that cuts as it likes best.

    bpe: each merge is left out with probability `alpha`, Provilkov et al. (2020);
    unigram: a way to cut has its probability to the power of `alpha`, Kudo (2018).
    The draws are a function of the key and of the order of the calls.
    """

    def __init__(self, tokenizer: Tokenizer, alpha: float, key: Sequence[int]) -> None:
        self.tokenizer, self.alpha = tokenizer, alpha
        self.fingerprint = f"{tokenizer.fingerprint}+{alpha}+{','.join(map(str, key))}"
        self._draw = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))

    def __len__(self) -> int:
        return len(self.tokenizer)

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Return drawn piece ids of each line, without beginning and end."""
        seed = int(self._draw.integers(2**31))
        try:
            return self.tokenizer.sample(lines, self.alpha, seed)
        except RuntimeError as error:
            raise ConfigError(
                "tokenizer.sampling: expected 0, because a tokenizer that is neither "
                f"bpe nor unigram cuts in one way only, found {self.alpha}"
            ) from error
