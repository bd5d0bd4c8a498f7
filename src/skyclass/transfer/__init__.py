"""Files brought from anywhere, each checked whole; nothing here knows of the sky."""
