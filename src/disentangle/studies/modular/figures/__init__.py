"""What codes look like, and what edits make of images, one figure a file."""
