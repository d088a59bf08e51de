"""The configuration of a training: every field, its type, its default, its meaning."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _in_home(path: Path) -> Path:
    return Path(os.path.expanduser(path))


def _absolute(path: Path) -> Path:
    return _in_home(path).absolute()


def _absolute_folder(name: str) -> str:
    path = _absolute(Path(name))
    return str(path) if path.is_dir() else name


def _tag(text: str) -> str:
    if text in ("<unk>", "<pad>") or not re.fullmatch(r"<[A-Za-z][\w-]+>", text):
        raise ValueError(
            "expected a name in angle brackets that SentencePiece has no use for, as "
            f"in <bt>, found '{text}'"
        )
    return text


InputPath = Annotated[Path, AfterValidator(_absolute)]
OutputPath = Annotated[Path, AfterValidator(_in_home)]
NameOrFolder = Annotated[str, AfterValidator(_absolute_folder)]
Rate = Annotated[float, Field(ge=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=1)]
Few = Annotated[int, Field(ge=1, le=256)]
Cell = Literal["lstm", "gru"]
Metric = Literal["loss", "perplexity", "accuracy", "bleu", "chrf"]


class Misfit(ValueError):
    """A value that does not fit another; `key` is dotted, from the raising section."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Section(BaseModel):
    """A group of fields; an unknown key is an error, a loaded value never changes."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        allow_inf_nan=False,
        ser_json_inf_nan="constants",
    )


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
    def _tags_training_text(self) -> "Data":
        for name, corpus in (("valid", self.valid), ("test", self.test)):
            if corpus is not None and corpus.tag is not None:
                raise Misfit(
                    f"{name}.tag",
                    "expected none: a tag is for training text; what is translated "
                    f"has none, found {corpus.tag}",
                )
        return self


class Tokenizer(Section):
    """SentencePiece: trained on the training text unless models are given."""

    model_type: Literal["bpe", "unigram", "char", "word"] = Field(
        default="bpe", description="How text is cut into pieces."
    )
    vocab_size: Annotated[int, Field(ge=16)] = Field(
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
        description="Share of the merges that training leaves out, each epoch others, "
        "Provilkov et al. (2020); for bpe only.",
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
    def _leaves_out_merges_of_bpe(self) -> "Tokenizer":
        if self.sampling and self.model_type != "bpe":
            raise Misfit(
                "sampling",
                f"expected 0, because model_type {self.model_type} does not merge, "
                f"found {self.sampling}",
            )
        return self


class Embeddings(Section):
    """Vectors of the pieces."""

    size: Count = Field(default=256, description="Numbers in the vector of a piece.")
    tie: Literal["none", "target_softmax", "all"] = Field(
        default="target_softmax",
        description="Which of source, target and output matrices are one.",
    )


class Encoder(Section):
    """Recurrent layers over the source."""

    cell: Cell = Field(default="lstm", description="Recurrent cell.")
    units: Count = Field(default=256, description="Numbers in a state, per direction.")
    layers: Few = Field(default=1, description="Layers on top of each other.")
    bidirectional: bool = Field(
        default=True, description="Read forwards and backwards."
    )
    residual: bool = Field(
        default=False,
        description="Add what a layer reads to what it tells, from the second layer "
        "on, Wu et al. (2016).",
    )
    layer_norm: bool = Field(
        default=False,
        description="Normalise the gates and the carry of the cells, Ba et al. (2016).",
    )
    self_attention_heads: Annotated[int, Field(ge=0, le=256)] = Field(
        default=0,
        description="Heads of a self-attention over the states, Vaswani et al. "
        "(2017), with residual connection and layer normalisation; 0 is none.",
    )

    @model_validator(mode="after")
    def _divides_its_depth(self) -> "Encoder":
        depth = self.units * (2 if self.bidirectional else 1)
        if self.self_attention_heads and depth % self.self_attention_heads:
            raise Misfit(
                "self_attention_heads",
                f"expected a divisor of the encoder's depth, {depth}, found "
                f"{self.self_attention_heads}",
            )
        return self


class Decoder(Section):
    """Recurrent layers over the target, with attention."""

    cell: Cell = Field(default="lstm", description="Recurrent cell.")
    units: Count = Field(default=512, description="Numbers in a state.")
    layers: Few = Field(default=1, description="Layers on top of each other.")
    style: Literal["luong", "bahdanau", "gnmt", "gnmt_v2"] = Field(
        default="luong",
        description="luong attends with the new state of the top layer, bahdanau with "
        "the previous one and feeds the context into the cell; gnmt and gnmt_v2 "
        "attend with the bottom layer and feed the context into the others, gnmt the "
        "previous one, gnmt_v2 the new one (2 layers or more).",
    )
    input_feeding: bool = Field(
        default=True,
        description="Feed the attentional vector into the next step (luong).",
    )
    residual: bool = Field(
        default=False,
        description="Add what a layer reads to what it tells, from the second layer "
        "on, Wu et al. (2016).",
    )
    layer_norm: bool = Field(
        default=False,
        description="Normalise the gates and the carry of the cells, Ba et al. (2016).",
    )

    copy_source: bool = Field(
        default=False,
        description="Copy pieces from the source where the model chooses to, with the "
        "weights of the attention, See et al. (2017); needs one shared vocabulary.",
    )

    lexical: bool = Field(
        default=False,
        description="Also choose pieces by the source words that are read, Nguyen & "
        "Chiang (2018): for rare words and few pairs.",
    )

    @model_validator(mode="after")
    def _has_layers_above(self) -> "Decoder":
        if self.style.startswith("gnmt") and self.layers < 2:
            raise Misfit(
                "layers",
                f"expected 2 or more, because with style {self.style} the bottom layer "
                f"attends for those above, found {self.layers}",
            )
        return self


class Attention(BaseModel):
    """The attention mechanism; further keys are options of that mechanism."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field(
        default="additive",
        description="A built-in name (`attnmt attention list` tells all with their "
        "options), or 'package.module:Class' of your own.",
    )
    normaliser: str = Field(
        default="softmax",
        description="What makes weights of scores: a built-in name, or "
        "'package.module:Class' of your own.",
    )
    temperature: Annotated[float, Field(gt=0.0)] = Field(
        default=1.0,
        description="Scores are divided by it: above 1 flatter, below 1 sharper.",
    )
    coverage: str = Field(
        default="none",
        description="What the score is told of earlier weights on a source position, "
        "Tu et al. (2016): none, count, fertility, gated, or 'package.module:Class' "
        "of your own.",
    )
    heads: Few = Field(
        default=1,
        description="Mechanisms side by side, Vaswani et al. (2017); each works in "
        "units / heads numbers.",
    )
    dropout: Rate = Field(
        default=0.0,
        description="Source positions that training leaves out of what is read, "
        "though not out of the weights; the same for a whole sentence.",
    )

    @property
    def options(self) -> dict[str, Any]:
        """The further keys: arguments of the mechanism's constructor."""
        return dict(self.model_extra or {})


class Dropout(Section):
    """Shares of numbers (or words) that training leaves out."""

    embedding: Rate = Field(default=0.2, description="Numbers of the piece vectors.")
    recurrent: Rate = Field(
        default=0.0,
        description="Numbers of the recurrent states, the same for all steps.",
    )
    output: Rate = Field(
        default=0.2,
        description="Numbers between layers and before the output projection.",
    )
    word: Rate = Field(default=0.0, description="Whole pieces, on either side.")
    variational: bool = Field(
        default=False,
        description="embedding and output leave out the same numbers at all positions "
        "of a sentence, as recurrent always does, Gal & Ghahramani (2016).",
    )


class Model(Section):
    """The network."""

    embeddings: Embeddings = Field(
        default_factory=Embeddings, description="Vectors of the pieces."
    )
    encoder: Encoder = Field(
        default_factory=Encoder, description="Recurrent layers over the source."
    )
    decoder: Decoder = Field(
        default_factory=Decoder, description="Recurrent layers over the target."
    )
    attention: Attention = Field(
        default_factory=Attention, description="How the decoder reads the source."
    )
    dropout: Dropout = Field(
        default_factory=Dropout, description="What training leaves out at random."
    )


class Schedule(Section):
    """How the learning rate changes; every type rises linearly over the warm-up."""

    type: Literal["constant", "inverse_sqrt", "cosine", "plateau"] = Field(
        default="constant",
        description="constant; inverse_sqrt: falls as 1/sqrt(step) after the warm-up; "
        "cosine: falls to zero at max_epochs or max_steps; "
        "plateau: times factor when the early stopping metric does not improve.",
    )
    warmup_steps: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Updates until the learning rate is reached."
    )
    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        default=0.5, description="What plateau multiplies the rate by."
    )
    patience: Annotated[int, Field(ge=0)] = Field(
        default=1, description="Validations without improvement that plateau waits."
    )


class GuidedAlignment(Section):
    """Attention is trained to look where words are linked, Chen et al. (2016)."""

    weight: Annotated[float, Field(ge=0.0)] = Field(
        default=0.0, description="Weight of the loss at the first update; 0 is none."
    )
    until: Count | None = Field(
        default=None,
        description="Updates after which the weight, falling evenly, has come to 0; "
        "absent: it stays.",
    )
    teacher: Literal["file", "ibm1"] = Field(
        default="file",
        description="Where the links are from: the alignment of each training corpus, "
        "or those that `attnmt align` finds.",
    )


class MinimumRisk(Section):
    """Refining a trained run by what its translations score, Shen et al. (2016)."""

    samples: Annotated[int, Field(ge=0, le=256)] = Field(
        default=0,
        description="Translations drawn of each source, scored against its reference, "
        "instead of the cross entropy; 0 is none. batch_tokens counts them.",
    )
    metric: Literal["chrf", "bleu"] = Field(
        default="chrf", description="What a single translation is scored by."
    )
    alpha: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=5e-3,
        description="Exponent of the probabilities that scores are weighted with: "
        "near 0 all translations count alike.",
    )


class Training(Section):
    """The optimisation."""

    optimizer: Literal["adam", "sgd"] = Field(
        default="adam", description="Update rule."
    )
    learning_rate: Annotated[float, Field(gt=0.0)] = Field(
        default=1e-3, description="Highest learning rate."
    )
    schedule: Schedule = Field(
        default_factory=Schedule, description="How the learning rate changes."
    )
    batch_tokens: Count = Field(
        default=4096,
        description="Pieces of a batch on either side, padding included, at most.",
    )
    accumulate: Count = Field(default=1, description="Batches that make one update.")
    label_smoothing: Rate = Field(
        default=0.1, description="Probability spread evenly over the vocabulary."
    )
    consistency: Annotated[float, Field(ge=0.0)] = Field(
        default=0.0,
        description="Weight of the difference that dropout makes between two readings "
        "of a batch, R-Drop of Liang et al. (2021), who take 5; doubles the work.",
    )
    clip_norm: Annotated[float, Field(ge=0.0)] = Field(
        default=5.0,
        description="Largest global norm of a gradient; 0 turns clipping off.",
    )
    weight_decay: Annotated[float, Field(ge=0.0)] = Field(
        default=0.0,
        description="Share of the matrices, times the learning rate, that an update "
        "takes away; biases and gains stay, Loshchilov & Hutter (2019).",
    )
    average: Rate = Field(
        default=0.0,
        description="Decay of a moving average of the weights, as in 0.999, which is "
        "what is validated and translates; 0 is none.",
    )
    freeze: list[str] = Field(
        default=[],
        description="Names of weights that stay as they are; * stands for anything.",
        examples=["encoder.*", "*_embedding.table"],
    )
    coverage_loss: Annotated[float, Field(ge=0.0)] = Field(
        default=0.0,
        description="Weight of the attention that goes where it was before, "
        "See et al. (2017), eq. 12 and 13; 0 is none.",
    )
    guided_alignment: GuidedAlignment = Field(
        default_factory=GuidedAlignment,
        description="Train the attention to look where words are linked.",
    )
    minimum_risk: MinimumRisk = Field(
        default_factory=MinimumRisk,
        description="Refine a trained run by what its translations score.",
    )
    max_epochs: Count = Field(
        default=20, description="Passes over the training corpora."
    )
    max_steps: Count | None = Field(default=None, description="Updates at most.")
    report_every: Count = Field(
        default=50, description="Updates between two progress lines."
    )
    save_every: Count = Field(
        default=500, description="Updates between two checkpoints."
    )
    keep: Count = Field(
        default=2, description="Newest checkpoints kept beside the best."
    )

    @model_validator(mode="after")
    def _minimises_risk_alone(self) -> "Training":
        others = {
            "consistency": self.consistency,
            "coverage_loss": self.coverage_loss,
            "guided_alignment.weight": self.guided_alignment.weight,
        }
        for key, value in others.items():
            if self.minimum_risk.samples and value:
                raise Misfit(
                    key,
                    "expected 0, because training.minimum_risk.samples is above 0, "
                    f"found {value}",
                )
        return self


class EarlyStopping(Section):
    """When to stop before the last epoch."""

    metric: Metric = Field(
        default="loss", description="What decides; also what is best."
    )
    patience: Count | None = Field(
        default=None,
        description="Validations without improvement; absent: never stop early.",
    )


class Validation(Section):
    """How the model is measured while it trains."""

    every: Annotated[str, Field(pattern=r"^[1-9][0-9]* (epochs?|steps?)$")] = Field(
        default="1 epoch",
        description="Epochs or steps between validations.",
        examples=["1 epoch", "500 steps"],
    )
    metrics: list[Metric] = Field(
        default=["loss", "perplexity", "accuracy", "bleu", "chrf"],
        description="What is measured; bleu and chrf decode the validation set.",
    )
    beam_size: Count = Field(
        default=1, description="Beam of that decoding; 1 is greedy."
    )
    samples: Annotated[int, Field(ge=0)] = Field(
        default=3, description="Sample translations shown and kept per validation."
    )
    early_stopping: EarlyStopping = Field(
        default_factory=EarlyStopping, description="When to stop, what is best."
    )

    @model_validator(mode="after")
    def _decides_by_what_it_measures(self) -> "Validation":
        if self.early_stopping.metric not in self.metrics:
            raise Misfit(
                "early_stopping.metric",
                f"expected one of validation.metrics ({', '.join(self.metrics)}), "
                f"found '{self.early_stopping.metric}'",
            )
        return self


class Sampling(Section):
    """Translations drawn at random instead of searched for."""

    temperature: Annotated[float, Field(gt=0.0)] = Field(
        default=1.0, description="Below 1 the likely is drawn yet more often."
    )
    top_k: Count | None = Field(
        default=None, description="Draw only from so many of the likeliest pieces."
    )
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=1.0,
        description="Draw only from the fewest pieces that are this likely together.",
    )
    seed: Annotated[int, Field(ge=0)] = Field(
        default=1, description="Another one draws other translations."
    )


class Decoding(Section):
    """The search for a translation."""

    beam_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=5, description="Hypotheses kept; 1 is greedy search."
    )
    length_penalty: Annotated[float, Field(ge=0.0)] = Field(
        default=1.0,
        description="Exponent alpha of Wu et al. (2016), eq. 14; 0 is none.",
    )
    coverage_penalty: Annotated[float, Field(ge=0.0)] = Field(
        default=0.0, description="Weight beta of Wu et al. (2016), eq. 14; 0 is none."
    )
    no_repeat_ngram: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="As many pieces in a row do not come twice; 0: they may.",
    )
    sampling: Sampling | None = Field(
        default=None, description="Draw translations instead of searching for them."
    )
    max_length_ratio: Annotated[float, Field(gt=0.0, le=100.0)] = Field(
        default=2.0,
        description="Longest translation in pieces per source piece, plus 10.",
    )
    max_source_length: Count = Field(
        default=1000,
        description="Longest source in pieces; what is longer is translated in parts.",
    )
    batch_size: Count = Field(default=64, description="Sentences translated together.")
    shortlist: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0,
        description="Translations of a source piece that the output layer is computed "
        "for, as attnmt shortlist has learnt them; 0: it is computed for all pieces.",
    )


class Runtime(Section):
    """The machine."""

    device: Literal["auto", "cpu", "gpu"] = Field(
        default="auto", description="auto takes a GPU when there is one."
    )
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = Field(
        default="auto",
        description="auto is float32; a GPU multiplies it as TensorFloat-32.",
    )
    threads: Count | Literal["auto"] = Field(
        default="auto", description="Processor threads; auto leaves it to TensorFlow."
    )


class Config(Section):
    """Everything that one training needs."""

    run_dir: OutputPath = Field(
        description="Folder that receives all that comes of it."
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=1, description="Seed of everything that is random."
    )
    data: Data = Field(
        description="What is translated into what, and where the text is."
    )
    tokenizer: Tokenizer = Field(
        default_factory=Tokenizer, description="How text is cut into pieces."
    )
    model: Model = Field(default_factory=Model, description="The network.")
    training: Training = Field(
        default_factory=Training, description="The optimisation."
    )
    validation: Validation = Field(
        default_factory=Validation, description="Measuring while training."
    )
    decoding: Decoding = Field(
        default_factory=Decoding, description="The search for a translation."
    )
    runtime: Runtime = Field(default_factory=Runtime, description="The machine.")

    @model_validator(mode="after")
    def _shares_what_it_ties(self) -> "Config":
        if self.model.embeddings.tie == "all" and not self.tokenizer.shared:
            raise Misfit(
                "model.embeddings.tie",
                "'all' needs one vocabulary: set tokenizer.shared to true",
            )
        return self

    @model_validator(mode="after")
    def _copies_what_it_shares(self) -> "Config":
        if self.model.decoder.copy_source and not self.tokenizer.shared:
            raise Misfit(
                "model.decoder.copy_source",
                "true needs one vocabulary: set tokenizer.shared to true",
            )
        return self

    @model_validator(mode="after")
    def _has_links_that_guide(self) -> "Config":
        guided = self.training.guided_alignment
        if guided.weight > 0.0 and guided.teacher == "file":
            for i, corpus in enumerate(self.data.train):
                if corpus.alignment is None:
                    raise Misfit(
                        f"data.train.{i}.alignment",
                        "expected a file of word links, because "
                        "training.guided_alignment.weight is above 0 "
                        "(or set its teacher to ibm1)",
                    )
        return self

    @model_validator(mode="after")
    def _guides_fixed_pieces(self) -> "Config":
        if self.training.guided_alignment.weight > 0.0 and self.tokenizer.sampling:
            raise Misfit(
                "tokenizer.sampling",
                "expected 0, because training.guided_alignment links pieces that stay "
                f"the same, found {self.tokenizer.sampling}",
            )
        return self

    @model_validator(mode="after")
    def _validates_what_decides(self) -> "Config":
        if self.data.valid is not None:
            return self
        if self.training.schedule.type == "plateau":
            raise Misfit("training.schedule.type", "'plateau' needs data.valid")
        if self.validation.early_stopping.patience is not None:
            raise Misfit(
                "validation.early_stopping.patience", "early stopping needs data.valid"
            )
        return self
