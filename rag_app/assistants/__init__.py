"""An MCP server: assistants search, read and ask what a token's user may see."""
