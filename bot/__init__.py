"""A chatbot that answers questions about back massage from cited articles, behind a safety guard."""
