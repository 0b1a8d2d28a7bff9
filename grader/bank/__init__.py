"""From YAML to a question: entries, rubrics, the catalog of both. No model."""
