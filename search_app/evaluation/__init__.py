"""How good search is over judged queries: figures, comparisons, tuning, alerts."""
