"""What the records mean: routes, matching, balances, invoices and the report."""
