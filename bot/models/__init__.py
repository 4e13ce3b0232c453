"""Weights, each with the script that makes them."""
