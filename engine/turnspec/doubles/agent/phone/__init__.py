"""A local agent on any telephone line: the half of a bot that knows no protocol."""

from turnspec.doubles.agent.phone.agent import PhoneAgent
from turnspec.doubles.agent.phone.port import Port

__all__ = ["PhoneAgent", "Port"]
