"""nbagent: a Jupyter-native agent toolkit for Kimi K2.6."""

__version__ = "0.1.0"
