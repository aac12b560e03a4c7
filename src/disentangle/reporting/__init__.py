"""What the reports of all studies share: intervals and tests, claims, tables, drawings, pages."""
