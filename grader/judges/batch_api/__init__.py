"""A judge behind OpenAI's Batch API: requests of one run are answered in a later one."""
