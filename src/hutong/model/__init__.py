"""Frozen records that every floor may use."""
