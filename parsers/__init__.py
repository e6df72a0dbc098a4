"""Bytes in, records out: no database, no network, no clock."""
