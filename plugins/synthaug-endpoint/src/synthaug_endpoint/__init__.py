"""Paraphrases and new texts by language models behind OpenAI-compatible servers."""

from __future__ import annotations

from synthaug_endpoint.budget import Budget
from synthaug_endpoint.endpoint import Endpoint
from synthaug_endpoint.generators import EndpointParaphraser, EndpointWriter

__all__ = ["Budget", "Endpoint", "EndpointParaphraser", "EndpointWriter"]
