"""What keeps an installation sound: invariants, retention, the worker's rounds, and sample data to look at."""
