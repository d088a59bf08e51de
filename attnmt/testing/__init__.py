"""Tests for attention mechanisms of your own; see `check_attention`."""

from attnmt.testing.contract import check_attention as check_attention
