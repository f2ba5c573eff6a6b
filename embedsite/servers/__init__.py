"""The embedded PostgreSQL and Redis: where they live, how they start and stop."""
