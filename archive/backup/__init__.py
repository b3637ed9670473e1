"""The whole archive as it was at one moment: its database and a list of what its store held; and back again."""
