"""From the configuration to a mechanism: by short name or by import path."""

import importlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention.additive import (
    AdditiveAttention,
    NormedAdditiveAttention,
)
from attnmt.layers.attention.base import Attention
from attnmt.layers.attention.cosine import CosineAttention
from attnmt.layers.attention.coverage import (
    CountCoverage,
    Coverage,
    CoverageAttention,
    FertilityCoverage,
    GatedCoverage,
)
from attnmt.layers.attention.gmm import GaussianMixtureAttention
from attnmt.layers.attention.linear import LinearAttention, PerformerAttention
from attnmt.layers.attention.linformer import LinformerAttention
from attnmt.layers.attention.local import (
    LocalMonotonicAttention,
    LocalPredictiveAttention,
)
from attnmt.layers.attention.location import LocationAttention
from attnmt.layers.attention.monotonic import MochaAttention, MonotonicAttention
from attnmt.layers.attention.multi_head import MultiHeadAttention
from attnmt.layers.attention.multiplicative import (
    DotAttention,
    GeneralAttention,
    ScaledDotAttention,
    ScaledGeneralAttention,
)
from attnmt.layers.attention.normalisers import Normaliser, Softmax
from attnmt.layers.attention.sparse import AlphaEntmax, Entmax15, Sparsemax

Kind = TypeVar("Kind")

MECHANISMS: dict[str, type[Attention]] = {
    "additive": AdditiveAttention,
    "concat": AdditiveAttention,
    "additive_normed": NormedAdditiveAttention,
    "dot": DotAttention,
    "scaled_dot": ScaledDotAttention,
    "general": GeneralAttention,
    "multiplicative": GeneralAttention,
    "scaled_general": ScaledGeneralAttention,
    "cosine": CosineAttention,
    "location": LocationAttention,
    "local_m": LocalMonotonicAttention,
    "local_p": LocalPredictiveAttention,
    "gmm": GaussianMixtureAttention,
    "monotonic": MonotonicAttention,
    "mocha": MochaAttention,
    "linear": LinearAttention,
    "performer": PerformerAttention,
    "linformer": LinformerAttention,
}
NORMALISERS: dict[str, type[Normaliser]] = {
    "softmax": Softmax,
    "sparsemax": Sparsemax,
    "entmax15": Entmax15,
    "alpha_entmax": AlphaEntmax,
}

COVERAGES: dict[str, type[Coverage]] = {
    "count": CountCoverage,
    "fertility": FertilityCoverage,
    "gated": GatedCoverage,
}


def build_attention(config: schema.Attention, query_depth: int) -> Attention:
    """Make the mechanism that the configuration names, with its options.

    Raises ConfigError for a name, an import path or an option that is none.
    """
    options = {"units": query_depth, **config.options}
    if "name" in config.options:  # Keras' own argument of every layer
        raise ConfigError(
            "model.attention.name: unknown option: expected the mechanism in "
            f"model.attention.type, found name {config.options['name']!r}"
        )
    units = options["units"]
    if type(units) is not int or units < 1:
        raise ConfigError(
            "model.attention.units: expected a whole number (1 or more), found "
            f"{units!r}"
        )
    if config.heads == 1:
        return _build_one(config, options)
    if units % config.heads:
        raise ConfigError(
            f"model.attention.heads: expected a divisor of units ({units!r}; without "
            f"units: model.decoder.units), found {config.heads}"
        )
    options["units"] = units // config.heads
    heads = [_build_one(config, options) for _ in range(config.heads)]
    return MultiHeadAttention(heads, units)


def _build_one(config: schema.Attention, options: Mapping[str, Any]) -> Attention:
    kind = _find("type", config.type, MECHANISMS, Attention)
    attention = _construct(kind, config.type, options)
    plain = config.normaliser == "softmax" and config.temperature == 1.0
    if not (plain or kind.normalises):
        raise ConfigError(
            f"model.attention: {config.type} makes its weights without a normaliser: "
            "expected neither normaliser nor temperature, found normaliser "
            f"{config.normaliser!r} and temperature {config.temperature}"
        )
    normaliser = _find("normaliser", config.normaliser, NORMALISERS, Normaliser)
    attention.normaliser = _construct(normaliser, config.normaliser, {})
    attention.temperature = config.temperature
    return _with_coverage(attention, config)


def _with_coverage(attention: Attention, config: schema.Attention) -> Attention:
    if config.coverage == "none":
        return attention
    kind = _find("coverage", config.coverage, COVERAGES, Coverage)
    if not attention.scores_by_keys:
        raise ConfigError(
            f"model.attention.coverage: expected none, because {config.type} does not "
            f"score by the keys that coverage adjusts, found {config.coverage!r}"
        )
    return CoverageAttention(attention, _construct(kind, config.coverage, {}))


def _construct(kind: type[Kind], name: str, options: Mapping[str, Any]) -> Kind:
    try:
        inspect.signature(kind).bind(**options)
    except TypeError as error:
        takes = [p for p in inspect.signature(kind).parameters if p != "name"]
        raise ConfigError(
            f"model.attention: {name}: {error}; its options are: {', '.join(takes)}"
        ) from error
    return kind(**options)


def _find(
    key: str, name: str, built_in: Mapping[str, type[Kind]], base: type[Kind]
) -> type[Kind]:
    """The built-in class of a short name, or the class 'package.module:Class'."""
    if name in built_in:
        return built_in[name]
    module_name, _, class_name = name.partition(":")
    if not class_name:
        names = [*built_in, "none"] if base is Coverage else built_in
        raise ConfigError(
            f"model.attention.{key}: expected one of {', '.join(names)} or "
            f"'package.module:Class', found {name!r}"
        )
    if (here := str(Path.cwd())) not in sys.path:  # a command does not have it there
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:  # a module of the user's own may fail in any way
        raise ConfigError(
            f"model.attention.{key}: cannot import {name!r}: {error} "
            f"(looked in {here} and the installed packages)"
        ) from error
    if not (inspect.isclass(found) and issubclass(found, base)):
        raise ConfigError(
            f"model.attention.{key}: expected {name!r} to be a subclass of "
            f"attnmt.layers.attention.{base.__name__}, found {found!r}"
        )
    return found
