"""Pan-STARRS1."""
