"""What studies with few real images share: data, a small network, and results that are kept as they come."""
