"""Show a table of classified sources: pictures of a field, pages, region files, other programs."""
