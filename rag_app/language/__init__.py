"""Chat models, prompts, token budgets, citations and quoting. Knows no Django."""
