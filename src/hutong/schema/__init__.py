"""What a contract means: Arrow schema, row rules, gates and units."""
