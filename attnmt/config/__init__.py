"""Configuration: the schema, loading, explaining."""
