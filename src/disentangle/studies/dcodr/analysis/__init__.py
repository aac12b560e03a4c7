"""What the reports of this study share."""
