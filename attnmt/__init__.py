"""attnmt: recurrent translation models with attention that you can read.

Nothing heavy is imported here: TensorFlow is loaded when `Translator` is first used.
"""

import os
from typing import TYPE_CHECKING

os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever else of the user's has another

if TYPE_CHECKING:
    from attnmt.translator import Translation as Translation
    from attnmt.translator import Translator as Translator

__version__ = "0.1.0"
__all__ = ["Translation", "Translator", "__version__"]


def __getattr__(name: str) -> object:
    if name in ("Translation", "Translator"):
        from attnmt import devices

        devices.load_tensorflow()
        from attnmt import translator

        return getattr(translator, name)
    raise AttributeError(f"module 'attnmt' has no attribute {name!r}")
