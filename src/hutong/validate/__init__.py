"""Validate: row rules decide records, gates decide batches."""
