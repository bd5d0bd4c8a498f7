"""Tables of objects: found, cleaned, labelled, sampled and split; no pixels."""
