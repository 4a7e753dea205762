"""Dialogues: a script of lines, several speakers, one picture."""
