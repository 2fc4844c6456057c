"""Histories, console lines and run search in ClickHouse: inside this process, or a server."""
