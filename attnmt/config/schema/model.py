"""The network."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from attnmt.config.schema.section import Count, Few, Misfit, Rate, Section

Cell = Literal["lstm", "gru"]


class Embeddings(Section):
    """Vectors of the pieces."""

    size: Count = Field(
        default=256,
        description="Numbers in the vector of a piece; where target and output are "
        "tied the output layer reads as many, so that few make it cheap.",
    )
    tie: Literal["none", "target_softmax", "all"] = Field(
        default="target_softmax",
        description="Which matrices are one: none; target_softmax: target vectors and "
        "output layer; all: the source vectors too (needs tokenizer.shared).",
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
        description="Add the input of a layer to its output, from the second layer on, "
        "Wu et al. (2016).",
    )
    transition_depth: Few = Field(
        default=1,
        description="Cells that the state goes through at each time, the first with "
        "inputs, Miceli Barone et al. (2017).",
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
    initial_state: Literal["last", "mean"] = Field(
        default="last",
        description="What the first state is made of: the encoder's last states, or "
        "the mean of all its states, Sennrich et al. (2017).",
    )
    input_feeding: bool = Field(
        default=True,
        description="Feed the attentional vector into the next step (luong).",
    )
    residual: bool = Field(
        default=False,
        description="Add the input of a layer to its output, from the second layer on, "
        "Wu et al. (2016).",
    )
    transition_depth: Few = Field(
        default=1,
        description="Cells that the state goes through at each time, the first with "
        "inputs, Miceli Barone et al. (2017).",
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

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

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
        description="Numbers between layers (in the decoder the same for all steps) "
        "and before the output projection.",
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
