"""From lists of who may do what, as other systems have them, to a policy."""
