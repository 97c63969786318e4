"""Grades as an HTML page, in the terminal, and counted."""
