"""HTTP/1.1 on asyncio and h11: whole requests, within limits that no client escapes."""

from tfsnn.serve.http.limits import HttpLimits
from tfsnn.serve.http.messages import Request, Response
from tfsnn.serve.http.service import Service

__all__ = ["HttpLimits", "Request", "Response", "Service"]
