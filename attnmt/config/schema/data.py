"""The text, and how it is cut into pieces."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from attnmt.config.schema.section import (
    Count,
    InputPath,
    Misfit,
    NameOrFolder,
    Rate,
    Section,
)


def _tag(text: str) -> str:
    if text in ("<unk>", "<pad>") or not re.fullmatch(r"<[A-Za-z][\w-]+>", text):
        raise ValueError(
            "expected a name in angle brackets that SentencePiece has no use for, as "
            f"in <bt>, found '{text}'"
        )
    return text


class Corpus(Section):
    """Parallel text: two files, one TSV file, or a TensorFlow dataset."""

    source: InputPath | None = Field(
        default=None, description="Source file, a sentence a line."
    )
    target: InputPath | None = Field(
        default=None, description="Target file, a sentence a line."
    )
    tsv: InputPath | None = Field(
        default=None, description="File of source TAB target lines."
    )
    tfds: NameOrFolder | None = Field(
        default=None,
        description="TensorFlow dataset name, or the folder of a prepared dataset "
        "or of a TranslateFolder (its language codes are source_lang, target_lang).",
    )
    split: str | None = Field(
        default=None, description="Split of the TensorFlow dataset."
    )
    data_dir: InputPath | None = Field(
        default=None, description="Where TensorFlow datasets are prepared."
    )
    weight: Annotated[float, Field(gt=0.0)] = Field(
        default=1.0, description="How many times an epoch of training reads the corpus."
    )
    tag: Annotated[str, AfterValidator(_tag)] | None = Field(
        default=None,
        description="A piece put before every source sentence, as in <bt>, by which "
        "training tells synthetic text, Caswell et al. (2019).",
    )
    alignment: InputPath | None = Field(
        default=None,
        description="Word links, as in 0-0 1-2, a line a sentence, for "
        "training.guided_alignment.",
    )

    @model_validator(mode="after")
    def _names_one_kind(self) -> "Corpus":
        files = self.source is not None and self.target is not None
        half = (self.source is None) != (self.target is None)
        kinds = files + (self.tsv is not None) + (self.tfds is not None)
        if half or kinds != 1:
            raise ValueError(
                "expected either source and target, or tsv, or tfds with split"
            )
        if (self.tfds is None) != (self.split is None):
            raise ValueError("expected tfds and split together")
        return self


class Data(Section):
    """What is translated into what, and where the text is."""

    source_lang: str = Field(description="Language code of the source, as in 'en'.")
    target_lang: str = Field(description="Language code of the target, as in 'de'.")
    train: list[Corpus] = Field(min_length=1, description="Corpora to train on.")
    valid: Corpus | None = Field(default=None, description="Corpus for validation.")
    test: Corpus | None = Field(
        default=None, description="Corpus that attnmt eval takes."
    )
    max_length: Count = Field(
        default=100,
        description="Longest sentence in pieces; longer pairs are not trained on.",
    )

    @model_validator(mode="after")
    def _leaves_to_training_what_is_its_own(self) -> "Data":
        for name, corpus in (("valid", self.valid), ("test", self.test)):
            for key in sorted({"tag", "weight", "alignment"} & _given(corpus)):
                raise Misfit(
                    f"{name}.{key}",
                    "expected none: it is for training text; what is measured is read "
                    f"once and as it stands, found {getattr(corpus, key)}",
                )
        return self


def _given(corpus: Corpus | None) -> set[str]:
    """The keys of a corpus that are not as they are by default."""
    return set() if corpus is None else {*corpus.model_dump(exclude_defaults=True)}


class Tokenizer(Section):
    """SentencePiece: trained on the training text unless models are given."""

    model_type: Literal["bpe", "unigram", "char", "word"] = Field(
        default="bpe", description="How text is cut into pieces."
    )
    vocab_size: Annotated[int, Field(ge=16, le=1_000_000)] = Field(
        default=8000,
        description="Pieces in a vocabulary; lowered when the text has fewer.",
    )
    shared: bool = Field(default=True, description="One vocabulary for both languages.")
    byte_fallback: bool = Field(
        default=True, description="Spell unknown characters in bytes (bpe and unigram)."
    )
    lowercase: bool = Field(
        default=False, description="Lower-case the text before cutting."
    )
    sampling: Rate = Field(
        default=0.0,
        description="Cut the text of training anew each epoch; 0: do not. For bpe "
        "the share of the merges that are left out, Provilkov et al. (2020); for "
        "unigram alpha of Kudo (2018): the smaller, the more cuts are equally likely.",
    )
    source_model: InputPath | None = Field(
        default=None, description="A SentencePiece model to use for the source."
    )
    target_model: InputPath | None = Field(
        default=None, description="The same for the target; absent when shared."
    )

    @model_validator(mode="after")
    def _has_one_model_when_shared(self) -> "Tokenizer":
        if self.shared and self.target_model is not None:
            raise Misfit(
                "target_model",
                "expected none while shared is true: source_model serves both sides",
            )
        return self

    @model_validator(mode="after")
    def _draws_cuts_that_it_knows(self) -> "Tokenizer":
        if self.sampling and self.model_type not in ("bpe", "unigram"):
            raise Misfit(
                "sampling",
                f"expected 0, because model_type {self.model_type} cuts a text "
                f"in one way only, found {self.sampling}",
            )
        return self
