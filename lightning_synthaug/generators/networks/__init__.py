"""Small networks that fitted generators are made of; importing a module of this package imports " "torch."""
