"""Arithmetic on vectors and words: numbers in, numbers out, no Django."""
