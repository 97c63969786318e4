"""Files of answers: which layout they have, whose answers they hold, and to which questions."""
