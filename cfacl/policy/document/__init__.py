"""From a document's text to a policy and back: syntax, shape, references."""
