"""Attention after decoding: dumps, words, alignments, pictures.

    dump.py        the folder of attention weights: its format, reading
    dump_writer.py its writing
    dump_resume.py going on with one that was killed
    record.py      what a dump keeps of one translation
    words.py       from pieces to words
    word_level.py  a dump of words
    alignments.py  links between words, the Pharaoh notation
    dump_links.py  the links of a whole dump, of two dumps
    statistics.py  figures and flags of one translation
    corpus_statistics.py  those of a dump
    export.py      the formats of other tools, written
    imports.py     those of Marian and Sockeye, read
    joining.py     text from their tokens
    views.py       one matrix with its labels, in pieces or words
    show.py        a view in the terminal
    plot.py        a view as PNG, SVG or PDF
    viewer/        a dump as a page for the browser

Nothing here needs a model or TensorFlow.
"""
