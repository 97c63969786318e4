"""Learning from the marks of people: what they give, what a model makes of it, which answers to mark next."""
