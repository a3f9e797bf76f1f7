"""Built-in plugins. They import only what ``fashion_match`` exports, as a third-party package would."""
