"""Neurons, layers and multi-layer perceptrons, built on `autograd`."""
