"""Questions, and answers as their asker may see them."""
