"""Figures behind every claim: each module prints one table."""
