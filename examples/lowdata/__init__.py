"""Parts of the study of few real texts."""
