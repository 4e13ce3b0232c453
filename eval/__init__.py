"""Measures the bot: question files, metrics, benchmarks. Imports bot, never the other way round."""
