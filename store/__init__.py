"""The local store: the only place with SQL."""
