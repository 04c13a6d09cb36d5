"""Shared nouns: settings, errors, the database, users and access, events. Imports no engine."""
