"""Evaluations and judged queries: asked for, and read."""
