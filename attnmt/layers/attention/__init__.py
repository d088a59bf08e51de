"""Attention mechanisms: the interface, the built-in ones, one by import path."""

import importlib
import inspect
import sys
from pathlib import Path

from attnmt.config.schema import Attention as AttentionConfig
from attnmt.errors import ConfigError
from attnmt.layers.attention.additive import AdditiveAttention as AdditiveAttention
from attnmt.layers.attention.base import Attention as Attention
from attnmt.layers.attention.base import Memory as Memory
from attnmt.layers.attention.base import State as State
from attnmt.layers.attention.base import Tensor as Tensor
from attnmt.layers.attention.base import masked_softmax as masked_softmax
from attnmt.layers.attention.multiplicative import DotAttention as DotAttention
from attnmt.layers.attention.multiplicative import (
    GeneralAttention as GeneralAttention,
)
from attnmt.layers.attention.multiplicative import (
    ScaledDotAttention as ScaledDotAttention,
)

BUILT_IN: dict[str, type[Attention]] = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "scaled_dot": ScaledDotAttention,
    "general": GeneralAttention,
    "multiplicative": GeneralAttention,
}


def build_attention(config: AttentionConfig, query_depth: int) -> Attention:
    """Make the mechanism that the configuration names, with its options."""
    mechanism = BUILT_IN.get(config.type) or _import_class(config.type)
    options = {"units": query_depth, **config.options}
    try:
        inspect.signature(mechanism).bind(**options)
    except TypeError as error:
        takes = [p for p in inspect.signature(mechanism).parameters if p != "name"]
        raise ConfigError(
            f"model.attention: {config.type}: {error}; its options are: "
            f"{', '.join(takes)}"
        ) from error
    return mechanism(**options)


def _import_class(path: str) -> type[Attention]:
    """The class behind 'package.module:Class', the working directory included."""
    module_name, _, class_name = path.partition(":")
    if not class_name:
        raise ConfigError(
            f"model.attention.type: expected one of {', '.join(BUILT_IN)} or "
            f"'package.module:Class', found {path!r}"
        )
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"model.attention.type: cannot import {path!r}: {error} "
            f"(looked in {here} and the installed packages)"
        ) from error
    if not (inspect.isclass(found) and issubclass(found, Attention)):
        raise ConfigError(
            f"model.attention.type: expected {path!r} to be a subclass of "
            f"attnmt.layers.attention.Attention, found {found!r}"
        )
    return found
