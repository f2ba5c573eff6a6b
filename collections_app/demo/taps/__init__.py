"""Drawn taps and fittings: pictures for the demo shop, and for training its picture model."""
