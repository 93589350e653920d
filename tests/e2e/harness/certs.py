"""A throw-away certificate authority made with the openssl command."""
import dataclasses
import os
import subprocess

KEYS = {
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "rsa1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "rsa2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "ed25519": ["-algorithm", "ED25519"],
}


@dataclasses.dataclass
class Certificate:
    """Paths of a chain (leaf first) and of its key."""
    chain: str
    key: str


def openssl(*arguments):
    ran = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"openssl {' '.join(arguments)}: {ran.stderr}"
    return ran.stdout


class Authority:
    """Signs certificates for names; one folder, readable by every role but for the keys."""

    def __init__(self, folder, name="Sluis test authority"):
        self.folder = folder
        os.makedirs(folder, mode=0o755, exist_ok=True)
        self.key, self.certificate = self._path("ca.key"), self._path("ca.pem")
        self.make_key(self.key, "p256")
        openssl("req", "-x509", "-new", "-key", self.key, "-sha256", "-days", "30", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
                "-out", self.certificate)

    def _path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def make_key(path, kind):
        openssl("genpkey", *KEYS[kind], "-out", path)
        os.chmod(path, 0o600)

    def issue(self, *names, key="p256", days=20, file=None):
        """A certificate for DNS names and IP addresses; the same arguments give the same files."""
        file = file or f"{names[0].replace('*', 'any').replace(':', '_')}-{key}-{days}"
        made = Certificate(self._path(file + ".pem"), self._path(file + ".key"))
        if os.path.exists(made.chain):
            return made
        self.make_key(made.key, key)
        alternatives = ",".join(("IP:" if n.replace(".", "").isdigit() or ":" in n else "DNS:") + n for n in names)
        extensions = self._path(file + ".ext")
        with open(extensions, "w", encoding="ascii") as out:
            out.write(f"subjectAltName={alternatives}\nbasicConstraints=critical,CA:FALSE\n"
                      "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n")
        request = self._path(file + ".csr")
        openssl("req", "-new", "-key", made.key, "-subj", f"/CN={names[0]}", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-sha256", "-days", str(days), "-extfile", extensions, "-out", made.chain)
        return made
