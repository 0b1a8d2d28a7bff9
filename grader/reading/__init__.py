"""An answer as its reader sees it: text, sentences, mark-up. No question, no model."""
