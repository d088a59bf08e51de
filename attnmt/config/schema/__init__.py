"""The configuration of a training: every field, its type, its default, its meaning."""

from typing import Annotated

from pydantic import Field, model_validator

from attnmt.config.schema.data import Corpus, Data, Tokenizer
from attnmt.config.schema.decoding import Decoding, Runtime, Sampling
from attnmt.config.schema.model import (
    Attention,
    Cell,
    Decoder,
    Dropout,
    Embeddings,
    Encoder,
    Model,
)
from attnmt.config.schema.section import Misfit, OutputPath, Section
from attnmt.config.schema.training import (
    EarlyStopping,
    GuidedAlignment,
    Metric,
    MinimumRisk,
    Schedule,
    ScheduledSampling,
    Training,
    Validation,
)

__all__ = [
    "Attention",
    "Cell",
    "Config",
    "Corpus",
    "Data",
    "Decoder",
    "Decoding",
    "Dropout",
    "EarlyStopping",
    "Embeddings",
    "Encoder",
    "GuidedAlignment",
    "Metric",
    "MinimumRisk",
    "Misfit",
    "Model",
    "Runtime",
    "Sampling",
    "Schedule",
    "ScheduledSampling",
    "Section",
    "Tokenizer",
    "Training",
    "Validation",
]


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
