"""Passages to a cited answer: extractive, referrals, follow-ups, small talk, abstention."""
