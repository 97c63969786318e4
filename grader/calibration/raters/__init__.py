"""Rater effects: severity, fit, halo, drift, accuracy on gold answers, and the profile of each rater."""
