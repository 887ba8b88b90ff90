"""The backlog and the stages: which evidence still needs which work."""
