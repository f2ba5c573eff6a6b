"""The site as processes on one machine: web, worker and beat under a supervisor."""
