"""The optimisation, and how it is measured on the way."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from attnmt.config.schema.section import Count, Misfit, Rate, Section

Metric = Literal["loss", "perplexity", "accuracy", "bleu", "chrf", "exact"]


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


class ScheduledSampling(Section):
    """Training reads pieces of the model in place of the reference's."""

    share: Rate = Field(
        default=0.0,
        description="Target pieces that are drawn from the model, Bengio et al. "
        "(2015); costs a second reading.",
    )
    warmup_steps: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Updates in which the share rises to that, evenly."
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
    scheduled_sampling: ScheduledSampling = Field(
        default_factory=ScheduledSampling,
        description="Read pieces of the model in place of the reference's.",
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
            "scheduled_sampling.share": self.scheduled_sampling.share,
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
        description="What is measured; bleu, chrf and exact (lines that equal their "
        "reference) decode the validation set.",
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
