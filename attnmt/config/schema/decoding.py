"""The search for a translation, and the machine."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from attnmt.config.schema.section import Count, Misfit, Section


class Sampling(Section):
    """Translations drawn at random instead of searched for."""

    temperature: Annotated[float, Field(ge=1e-6, le=1e6)] = Field(
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
        description="No sequence of so many pieces comes twice; 0: no such rule.",
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

    @model_validator(mode="after")
    def _draws_alike_in_every_batch(self) -> "Decoding":
        if self.sampling and self.shortlist:  # which is that of a whole batch
            raise Misfit(
                "shortlist",
                "expected 0 with sampling, because what is drawn would depend on the "
                f"other lines of a batch, found {self.shortlist}",
            )
        return self


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
