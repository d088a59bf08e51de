"""The page of the viewer: one file that holds style, script and data."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

# In the order in which they are joined to one script.
_SCRIPTS = ("matrix", "dom", "heatmap", "links", "sentences", "reading", "main")
# What could end the element that holds the data, or a line of a script.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def page(payload: Mapping[str, Any]) -> str:
    """The HTML of the viewer with a payload in it.

    Its Content-Security-Policy admits its own script and style, by their hashes, and
    nothing else: no text of the payload can run or load anything.
    """
    style = _asset("viewer.css")
    script = "\n".join(_asset("script", f"{name}.js") for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; "
        f"style-src '{_hash(style)}'; img-src data:"
    )
    return Template(_asset("viewer.html")).substitute(
        policy=policy, style=style, script=script, data=_json(payload)
    )


def _asset(*names: str) -> str:
    return files("attnmt.analysis.viewer").joinpath(*names).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _json(payload: Mapping[str, Any]) -> str:
    text = json.dumps(
        payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.translate(_ESCAPES)
