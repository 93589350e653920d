"""Debian's nginx and Apache as servers behind Sluis, each in a folder and on a port of its own."""
import os
import socket
import subprocess
import time

from harness import ports

NGINX = """daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; {config} }}
}}
"""
APACHE = """ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
{modules}
DefaultRuntimeDir {folder}
Mutex file:{folder} default
User {user}
Group {group}
<Directory />
  Require all granted
</Directory>
DocumentRoot {folder}/www
{config}
"""
APACHE_MODULES = ["mpm_event", "authz_core", "authz_host", "dir", "mime", "headers", "alias"]


class Server:
    """A started program; stop() ends it."""

    def __init__(self, folder, port, command):
        self.folder, self.port = folder, port
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self._wait()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _wait(self):
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, self.process.stderr.read().decode()
                assert time.monotonic() < end, "does not listen"
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()


def site(folder, files):
    """Writes the files of a site; gives its folder."""
    os.makedirs(os.path.join(folder, "www"), mode=0o755)
    for name, content in files.items():
        path = os.path.join(folder, "www", name)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    return folder


def nginx(folder, files, config=""):
    port = ports.free_port()
    site(folder, files)
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(NGINX.format(folder=folder, port=port, config=config))
    return Server(folder, port, ["/usr/sbin/nginx", "-p", folder, "-c", path, "-e", f"{folder}/start.log"])


def apache(folder, files, config=""):
    port = ports.free_port()
    site(folder, files)
    os.makedirs(os.path.join(folder, "logs"), exist_ok=True)
    modules = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so" for m in APACHE_MODULES)
    modules += "\nTypesConfig /etc/mime.types" if os.path.exists("/etc/mime.types") else "\nTypesConfig /dev/null"
    user, group = ("www-data", "www-data") if os.getuid() == 0 else (f"#{os.getuid()}", f"#{os.getgid()}")
    path = os.path.join(folder, "apache.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(APACHE.format(folder=folder, port=port, config=config, modules=modules, user=user, group=group))
    return Server(folder, port, ["/usr/sbin/apache2", "-d", folder, "-f", path, "-DFOREGROUND"])
