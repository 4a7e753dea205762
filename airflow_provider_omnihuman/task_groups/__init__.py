"""Task groups: whole films out of single operators, one call in a Dag file each."""
