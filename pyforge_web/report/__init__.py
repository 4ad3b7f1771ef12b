"""`manage.py pyforge_report`: what a project would gain, looked up in its code and measured on its own endpoints."""
