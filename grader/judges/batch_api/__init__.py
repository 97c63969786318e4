"""A judge that is asked through OpenAI's Batch API."""
