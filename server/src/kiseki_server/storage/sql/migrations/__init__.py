"""Migrations of the metadata store."""
