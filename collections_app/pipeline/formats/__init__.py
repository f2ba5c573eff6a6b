"""One module per format: `read(body) -> Extracted` from clean characters, or
`read(data, max_chars) -> Extracted` from bytes, which runs in a child process."""
