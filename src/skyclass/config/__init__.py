"""The experiment file: one TOML file says everything that makes a result."""
