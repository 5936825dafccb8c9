"""The application as a server loads it."""

from petition import create_app

app = create_app()
