"""What several tests share: a user's bank, the command, a scripted endpoint."""
