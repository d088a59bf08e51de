"""How good a translation or an alignment is; no model and no TensorFlow in here."""
