"""How the shipped models are made. Needs the extra ``training``."""
