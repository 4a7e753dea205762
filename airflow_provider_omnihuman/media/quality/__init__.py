"""Whether a film is one that may be shown: measured in one pass over the file, then judged."""
