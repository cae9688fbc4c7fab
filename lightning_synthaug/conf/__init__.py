"""Configuration groups for Hydra, found through `hydra.searchpath: [pkg://lightning_synthaug.conf]`."""
