"""Measures on a model how much its attention matters and explains.

    attending.py      the model with other attention weights
    interventions.py  what other weights cost
    probes.py         single target pieces: erasure, gradients, value norms
    measure.py        all of it, to a report

What the figures are and say is in attnmt.analysis.faithfulness.
"""
