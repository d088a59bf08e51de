"""The toolkits as they come."""

from typing import Any

TOOLKITS: dict[str, Any] = {}
