"""Learns a compact backbone from random weights, by distillation from a teacher backbone.

In: labelled still pictures, a labelled library of clips with splits, a teacher (any backbone of
the features room). Out: one small ONNX backbone with its card. No frame of a clip outside the
``train`` split is trained on.

``corpus`` renders degraded pictures and the teacher's answers to disk, ``targets`` turns answers
into training targets, ``batches`` draws from both, ``student`` is the network, ``loss`` compares,
``trainer`` runs the steps, ``monitor`` measures a linear probe, ``export`` writes ONNX and card.
Does not know: temporal models, bundles, inference.
"""
