"""The command line `synthaug`: one module a sub-command.

A command is a module of this package that offers `add_parser(subparsers)` and `run(args) -> int`;
the sub-command's name is the module's, with dashes. Nothing else has to be edited to add one.
"""

from __future__ import annotations
