"""One module per format: `read(body) -> Extracted`, from clean characters."""
