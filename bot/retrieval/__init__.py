"""Articles to chunks to index; question to ranked passages. The only place that imports chromadb."""
