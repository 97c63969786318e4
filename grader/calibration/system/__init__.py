"""The machine as one more rater: how it agrees with people, and whether it may score in their place."""
