"""Help for teams that test their own Dags: fixtures of pytest, for free and in seconds, on sockets of this machine only."""
