"""Tables of objects: read, cleaned, labelled, sampled and split; no pixels."""
