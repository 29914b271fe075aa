Tag = NewType("Tag", str)
"""A cache tag.  Only the builders make one: a misspelt tag, or any other string, is an error of types."""
