"""Measurements, each run by `python3 run.py bench NAME`."""
