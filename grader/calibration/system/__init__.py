"""The system as one more rater: agreement with people, and whether it may score in their place."""
