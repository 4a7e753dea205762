"""The OmniHuman API as a local server; shares no code with ``api/``, so neither can hide the other's mistake."""
