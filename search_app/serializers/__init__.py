"""What the API of search_app takes and gives."""
