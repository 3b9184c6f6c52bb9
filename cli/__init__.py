"""The ``tfsnn`` command line; installed as the package ``tfsnn_cli``."""
