"""One file per page. Each asks `require(role)` first, calls services, and draws."""
