"""What `synthaug generate` is made of: the run's loader, what the run will ask for, and how long that takes."""
