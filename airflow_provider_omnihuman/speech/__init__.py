"""Text to speech: one small protocol (``protocol.py``), one module per engine."""
