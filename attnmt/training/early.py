"""What cannot be trained, told before the wait."""

from itertools import zip_longest

from attnmt.config.schema import Config
from attnmt.errors import ConfigError
from attnmt.model import build_model
from attnmt.text.corpora import read_pairs
from attnmt.text.tokenizer import Tokenizer
from attnmt.training.guidance import link_words, read_words
from attnmt.training.initial import freeze
from attnmt.translating import check_coverage


def check_start(config: Config, anew: bool) -> None:
    """Raise ConfigError for minimum risk of a model that has learnt nothing."""
    samples = config.training.minimum_risk.samples
    if samples and anew:
        raise ConfigError(
            "training.minimum_risk.samples: expected 0, because draws of a model that "
            "has not learnt to translate teach nothing: name a trained run by "
            f"--init-from, found {samples}"
        )


def check_model(config: Config) -> None:
    """Build a small one. Raises ConfigError for what cannot be."""
    model, guided = build_model(config.model, 4, 4), config.training.guided_alignment
    if guided.weight > 0.0 and model.decoder.attention.align_kind != "token":
        raise ConfigError(
            "training.guided_alignment.weight: expected 0, because the weights of "
            f"model.attention.type {config.model.attention.type} are not over source "
            f"tokens, found {guided.weight}"
        )
    if config.training.coverage_loss and model.decoder.attention.align_kind == "slot":
        raise ConfigError(
            "training.coverage_loss: expected 0, because attention of type "
            f"{config.model.attention.type} reads memory slots, which have to be read "
            f"again and again, found {config.training.coverage_loss}"
        )
    check_coverage(model.decoder.attention.align_kind, config.decoding)
    freeze(model, config.training.freeze)


def check_text(config: Config) -> None:
    """Read the first line of all text; whatever is wrong with it is raised."""
    data = config.data
    for corpus in filter(None, (*data.train, data.valid)):
        next(read_pairs(corpus, data.source_lang, data.target_lang), None)


def check_files(config: Config) -> None:
    """Read tokenizers that are given and all word links, of which a run has copies.

    Raises DataError for what is wrong with them.
    """
    for path in (config.tokenizer.source_model, config.tokenizer.target_model):
        if path is not None:
            Tokenizer(path)
    guided = config.training.guided_alignment
    if guided.weight > 0.0 and guided.teacher == "file":
        _check_links(config)


def _check_links(config: Config) -> None:
    data = config.data
    for corpus in data.train:
        pairs = read_pairs(corpus, data.source_lang, data.target_lang)
        both = zip_longest(pairs, read_words(corpus.alignment))
        for number, (pair, links) in enumerate(both, 1):
            link_words(f"{corpus.alignment}:{number}", pair, links)
