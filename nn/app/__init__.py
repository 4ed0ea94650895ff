"""The application behind ``python -m nn``. It uses the library; the library does not use it."""
