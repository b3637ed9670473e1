"""The cart: frames that a reader puts together, and their download."""
