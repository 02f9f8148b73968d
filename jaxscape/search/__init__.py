"""Batched searches, and the one driver that runs them."""
