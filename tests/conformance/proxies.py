"""The same reverse proxy three times: Sluis, and Debian's nginx and HAProxy, in front of one scripted server.

Each has a listener for HTTP/1.1, and one for HTTP/2 with prior knowledge.
"""
import os
import subprocess
import time
import socket

from harness import ports
from harness import sluis as instance

from conformance import table

NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4;
  scgi_temp_path {folder}/5; client_header_timeout 2s; client_body_timeout 2s; lingering_timeout 1s;
  proxy_cache_path {folder}/cache keys_zone=cache:1m;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream web {{ server {server} max_fails=0; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port}; listen 127.0.0.1:{http2} http2; {cache}
    location / {{
      proxy_pass http://web; proxy_http_version 1.1; proxy_read_timeout 2s; proxy_next_upstream off;
      proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""
HAPROXY = """global
  maxconn 1000
defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 2s
  timeout http-request 2s
  option http-keep-alive
  option forwardfor
{cache}
frontend in
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{http2} proto h2
  http-request set-header X-Forwarded-Proto http
  default_backend web
backend web
{use_cache}  server a {server}
"""


class Program:
    """nginx or HAProxy, started with a file."""

    def __init__(self, folder, text, command, server, cache):
        os.makedirs(folder, mode=0o755, exist_ok=True)
        self.port, self.http2 = ports.free_port(), ports.free_port()
        path = os.path.join(folder, "conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(text.format(folder=folder, port=self.port, http2=self.http2, server=server.address, **cache))
        with open(os.path.join(folder, "stderr"), "wb") as errors:
            self.process = subprocess.Popen([*command, path], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, open(os.path.join(folder, "stderr"), encoding="utf-8").read()
                time.sleep(0.05)

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def sluis(folder, server, cached=False):
    made = instance.Sluis(folder)
    made.start(instance.site(
        made, server.address,
        listener={"http2": True, "timeouts": {"request_header": "2s", "request_body_idle": "2s", "keep_alive": "10s"}},
        route={"cache": True} if cached else {},
        backend={"outlier": {"consecutive_errors": 0}, "retries": {"attempts": 1}, "timeouts": {"first_byte": "2s"}}))
    made.http2 = made.port()
    return made


def nginx(folder, server, cached=False):
    cache = {"cache": "proxy_cache cache; proxy_cache_revalidate on; proxy_cache_key $scheme$http_host$request_uri;" if cached else ""}
    return Program(folder, NGINX, ["/usr/sbin/nginx", "-p", folder, "-e", f"{folder}/start.log", "-c"], server, cache)


def haproxy(folder, server, cached=False):
    cache = {"cache": "cache small\n  total-max-size 4\n  process-vary on" if cached else "",
             "use_cache": "  http-request cache-use small\n  http-response cache-store small\n" if cached else ""}
    return Program(folder, HAPROXY, ["/usr/sbin/haproxy", "-db", "-f"], server, cache)


PROXIES = {"Sluis": sluis, "nginx": nginx, "HAProxy": haproxy}


class Bench:
    """with Bench(name, folder) as exchange: ..."""

    def __init__(self, name, folder, cached=False):
        self.name, self.folder, self.cached, self.server, self.proxy = name, folder, cached, None, None

    def __enter__(self):
        self.server = table.Server(ports.free_port())
        self.proxy = PROXIES[self.name](os.path.join(self.folder, self.name.lower()), self.server, self.cached)
        port = self.proxy.port() if callable(self.proxy.port) else self.proxy.port
        return table.Exchange(port, self.server, self.name, self.proxy.http2)

    def __exit__(self, *_):
        self.proxy.end()
        self.server.stop()
