"""How each rater rates: strictness, consistency, halo, drift, gold answers, and the word for it."""
