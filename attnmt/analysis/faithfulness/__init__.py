"""Does attention matter to a model, and do its weights explain it?

    ranks.py        order of source pieces: strongest ones, Kendall's tau, divergence
    figures.py      means with their errors; the figures of a report
    erasure.py      which source pieces to erase, and what it costs
    seeds.py        the attention of two runs
    conclusions.py  the two sentences that follow from the figures
    report.py       JSON, a table for the terminal, the files
    page.py         the page to read; bars.py its charts, page_style.py its style

Nothing here needs a model or TensorFlow; attnmt.faithfulness measures.
"""
