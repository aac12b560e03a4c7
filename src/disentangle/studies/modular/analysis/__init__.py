"""What the reports and figures of this study share."""
