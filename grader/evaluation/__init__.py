"""How far grades agree with people's marks."""
