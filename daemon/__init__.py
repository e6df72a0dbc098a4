"""The process: commands, settings, logs, mailboxes, courier, sender trust and the service loop."""
