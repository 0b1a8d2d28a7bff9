"""What a large model makes of an exam's answers when it is shown 0, 2, 4 or 8 marked ones."""
