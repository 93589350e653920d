"""RFC 9113, RFC 8441: HTTP/2 from clients, and what becomes of it on the way to an HTTP/1.1 server."""
