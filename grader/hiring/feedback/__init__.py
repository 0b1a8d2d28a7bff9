"""What a candidate may be told of an answer, as pages."""
