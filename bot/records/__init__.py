"""What outlives the process: one database, SQLite unless DATABASE_URL names another."""
