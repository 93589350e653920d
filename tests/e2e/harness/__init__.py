"""The parts of the end-to-end tests: ports, certificates, servers to stand behind, clients, Sluis itself."""
