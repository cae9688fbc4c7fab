"""Parts of the study of spoken digits."""
