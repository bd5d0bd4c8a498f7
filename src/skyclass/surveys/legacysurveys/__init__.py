"""The DESI Legacy Imaging Surveys, data release 10."""
