"""Transfers: files and answers of web services, each checked whole; knows nothing of the sky."""
