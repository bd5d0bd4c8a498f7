"""Use a trained model: detect and classify sources."""

from skyclass.inference.classify import classify, classify_field, write_table
from skyclass.inference.detect import detect

__all__ = ["classify", "classify_field", "detect", "write_table"]
