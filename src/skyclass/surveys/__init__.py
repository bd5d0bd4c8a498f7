"""One module per archive: addresses, file names, and how to read and check one file."""
