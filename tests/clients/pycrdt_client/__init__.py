"""One pycrdt client: its connection and its content."""
