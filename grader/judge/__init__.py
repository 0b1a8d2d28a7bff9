"""The LLM rubric check: it adds to the offline grade and never replaces it."""
