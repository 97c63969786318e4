"""Learning from the marks of people: the marks, the fitted model, and which answers to mark next."""
