"""The mechanisms that are compared, and how a configuration names them."""

from typing import Any

MECHANISMS: dict[str, dict[str, Any]] = {
    "additive": {"type": "additive"},
    "additive_normed": {"type": "additive_normed"},
    "dot": {"type": "dot"},
    "scaled_dot": {"type": "scaled_dot"},
    "general": {"type": "general"},
    "scaled_general": {"type": "scaled_general"},
    "cosine": {"type": "cosine"},
    "multi_head": {"type": "scaled_dot", "heads": 4},
    "location": {"type": "location"},
    "local_m": {"type": "local_m"},
    "local_p": {"type": "local_p"},
    "gmm": {"type": "gmm"},
    "monotonic": {"type": "monotonic"},
    "mocha": {"type": "mocha"},
    "linear": {"type": "linear"},
    "performer": {"type": "performer"},
    "linformer": {"type": "linformer"},
    "additive+sparsemax": {"type": "additive", "normaliser": "sparsemax"},
    "additive+entmax15": {"type": "additive", "normaliser": "entmax15"},
    "additive+alpha_entmax": {"type": "additive", "normaliser": "alpha_entmax"},
    "additive+coverage": {"type": "additive", "coverage": "gated"},
}
