"""Container images made from packages: of Debian, PyPI, npm and Go modules."""
