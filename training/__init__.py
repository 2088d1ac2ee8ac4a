"""For analysts: synthetic data, training, evaluation. Imports riskprofile, never the reverse."""
