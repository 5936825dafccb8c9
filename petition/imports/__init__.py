"""Signatures collected on paper or elsewhere: a file is staged and judged, then lands whole, and can be taken back whole."""
