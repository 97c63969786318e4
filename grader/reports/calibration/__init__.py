"""A calibration as blocks of a page, as JSON and in the terminal."""
