"""The officers page: views draw what a service returns."""
