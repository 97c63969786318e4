"""Ratings in: out of tables and labelled sets, checked, and as arrays with their labels."""
