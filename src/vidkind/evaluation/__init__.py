"""Figures with intervals: what an ensemble is worth on labelled videos.

In: an ensemble (as a function from features to logits) and a feature file. Out: accuracy, F1
and confusion per clip and per source, calibration and trust, with 95 % intervals, beside
baselines and paired tests; and the trust statistics that a bundle carries.
``compute_metrics`` is the one definition of accuracy and F1, used in training too.
Does not know: how features or models were made, how a figure is shown.
"""
