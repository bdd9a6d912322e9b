"""The words of the interface in other languages, and the tool that keeps them whole."""
