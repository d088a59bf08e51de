"""Attention mechanisms: the interface, the built-in ones, one by import path."""

from attnmt.layers.attention.additive import AdditiveAttention as AdditiveAttention
from attnmt.layers.attention.additive import (
    NormedAdditiveAttention as NormedAdditiveAttention,
)
from attnmt.layers.attention.base import Attention as Attention
from attnmt.layers.attention.base import Memory as Memory
from attnmt.layers.attention.base import State as State
from attnmt.layers.attention.build import COVERAGES as COVERAGES
from attnmt.layers.attention.build import MECHANISMS as MECHANISMS
from attnmt.layers.attention.build import NORMALISERS as NORMALISERS
from attnmt.layers.attention.build import build_attention as build_attention
from attnmt.layers.attention.cosine import CosineAttention as CosineAttention
from attnmt.layers.attention.coverage import Coverage as Coverage
from attnmt.layers.attention.coverage import CoverageAttention as CoverageAttention
from attnmt.layers.attention.gmm import (
    GaussianMixtureAttention as GaussianMixtureAttention,
)
from attnmt.layers.attention.linear import LinearAttention as LinearAttention
from attnmt.layers.attention.linear import PerformerAttention as PerformerAttention
from attnmt.layers.attention.linformer import LinformerAttention as LinformerAttention
from attnmt.layers.attention.local import (
    LocalMonotonicAttention as LocalMonotonicAttention,
)
from attnmt.layers.attention.local import (
    LocalPredictiveAttention as LocalPredictiveAttention,
)
from attnmt.layers.attention.location import LocationAttention as LocationAttention
from attnmt.layers.attention.monotonic import MochaAttention as MochaAttention
from attnmt.layers.attention.monotonic import MonotonicAttention as MonotonicAttention
from attnmt.layers.attention.multi_head import MultiHeadAttention as MultiHeadAttention
from attnmt.layers.attention.multiplicative import DotAttention as DotAttention
from attnmt.layers.attention.multiplicative import GeneralAttention as GeneralAttention
from attnmt.layers.attention.multiplicative import (
    ScaledDotAttention as ScaledDotAttention,
)
from attnmt.layers.attention.multiplicative import (
    ScaledGeneralAttention as ScaledGeneralAttention,
)
from attnmt.layers.attention.normalisers import Normaliser as Normaliser
from attnmt.layers.attention.normalisers import Softmax as Softmax
from attnmt.layers.attention.normalisers import Tensor as Tensor
from attnmt.layers.attention.sparse import AlphaEntmax as AlphaEntmax
from attnmt.layers.attention.sparse import Entmax15 as Entmax15
from attnmt.layers.attention.sparse import Sparsemax as Sparsemax
