"""The database backend of Django with a cheaper question whether the server is still there."""
