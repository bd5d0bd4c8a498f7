"""Use a trained model: detect and classify sources."""

from skyclass.inference.classify import classify, classify_field
from skyclass.inference.detect import detect
from skyclass.inference.output import write_table

__all__ = ["classify", "classify_field", "detect", "write_table"]
