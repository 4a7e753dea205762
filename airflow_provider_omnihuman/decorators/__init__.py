"""Decorators of functions: ``@task.omnihuman``."""
