"""Trained models in forms that other runtimes read, checked against the model itself.

graphs.py       the two functions of a search without its loop
litert.py       these as LiteRT models
saved_model.py  the whole of a translation as a TensorFlow SavedModel
parity.py       whether an export translates as the model does
folder.py       writing all of it, complete or not at all
"""
