"""Riskprofile: rates declarations for firearms-trafficking risk and says why.

Decision support for customs and border police. A named officer decides; see
`README.md` for what it is and is not for.
"""

__version__ = "0.1.0"
