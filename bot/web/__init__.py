"""The web program: shows a Reply, decides nothing."""
