"""Learns a compact backbone from random weights, by distillation from a teacher backbone.

In: labelled still pictures, a labelled library of clips with splits, a teacher (an ONNX backbone
of the features room). Out: one small ONNX backbone with its card. No frame of a clip outside the
``train`` split is trained on.

``corpus`` renders degraded pictures to disk, ``batches`` cuts crops out of them, ``teacher``
answers with the maps of its blocks, ``known_teachers`` says which these are, ``student`` is the
network, ``loss`` compares, ``trainer`` runs the steps, ``monitor`` measures a linear probe,
``export`` writes ONNX and card, ``run`` is all of it.
Does not know: temporal models, bundles, inference.
"""
