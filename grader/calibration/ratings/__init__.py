"""Ratings: read from tables and labelled sets, checked, and as arrays with their labels."""
